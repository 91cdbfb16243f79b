// A benchmark that meets an error has nothing to measure: it says what happened and ends.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/result.h"

namespace farm::bench {

[[noreturn]] inline void give_up(const std::string& what) {
  std::fprintf(stderr, "farm_store_bench: %s\n", what.c_str());
  std::exit(1);
}

template <class T>
const T& must_ref(const Result<T>& result) {
  if (!result) give_up(result.error().message());
  return result.value();
}

template <class T>
T must(Result<T> result) {
  if (!result) give_up(result.error().message());
  if constexpr (!std::is_void_v<T>) return std::move(result).value();
}

}  // namespace farm::bench
