// Task<T>: what a coroutine on a network thread returns. Asio's awaitable, named once.
// Rules for coroutines with g++ 12, which miscompiles the rest: parameters by value or by a reference
// that surely lives longer; no capturing lambda as a coroutine; no temporary lambda and no braced
// list inside a co_await expression; no co_await in a loop's condition or in an operand of ?:.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/result.h"

namespace farm::io {

template <class T>
using Task = boost::asio::awaitable<T>;

}  // namespace farm::io
