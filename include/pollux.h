/* SPDX-License-Identifier: BSD-2-Clause */
/* pollux.h: all of the library. */
#ifndef POLLUX_H
#define POLLUX_H

#include <pollux/types.h>
#include <pollux/selector.h>
#include <pollux/loop.h>
#include <pollux/await.h>
#include <pollux/blocking.h>
#include <pollux/gen.h>
#include <pollux/scope.h>
#include <pollux/task.h>
#include <pollux/hibernate.h>
#include <pollux/insight.h>
#include <pollux/io.h>
#include <pollux/sync.h>
#include <pollux/net.h>
#include <pollux/buf.h>
#include <pollux/stream.h>
#include <pollux/connect.h>
#include <pollux/udp.h>
#include <pollux/dispatcher.h>
#include <pollux/server.h>
#include <pollux/channel.h>
#include <pollux/queue.h>
#include <pollux/signal.h>
#include <pollux/process.h>
#include <pollux/actor.h>
#include <pollux/supervisor.h>

#endif
