// Task<T>: what a coroutine on a network thread returns. Asio's awaitable, named once, for the
// event loop's own executor: Asio's default, which can hold any executor, costs a tenth of a
// request in virtual calls.
//
// g++ 12 miscompiles some coroutines. Rules: parameters by value, or by a reference that surely
// lives longer; no capturing lambda as a coroutine; no temporary lambda and no braced list inside a
// co_await expression; no co_await in a loop's condition or in an operand of ?:.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/result.h"

namespace farm::io {

using Executor = boost::asio::io_context::executor_type;

template <class T>
using Task = boost::asio::awaitable<T, Executor>;

// The completion token: `co_await socket.async_wait(…, use_task)`.
inline constexpr boost::asio::use_awaitable_t<Executor> use_task{};

}  // namespace farm::io
