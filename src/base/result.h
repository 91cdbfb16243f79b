// Result<T>: a T or an Error, and the compiler insists that somebody looks.
// It is Boost.Outcome's basic_result (https://www.boost.org/doc/libs/1_81_0/libs/outcome/), wrapped
// once here. FARM_TRY and FARM_CO_TRY return the Error to the caller early, from plain functions
// and from coroutines.
#pragma once

#include <utility>

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>
#include <boost/outcome/try.hpp>

#include "base/error.h"

namespace farm {

template <class T>
using Result = boost::outcome_v2::basic_result<T, Error, boost::outcome_v2::policy::terminate>;

// `return ok();` of a Result<void>.
inline auto ok() { return boost::outcome_v2::success(); }

// `return fail(ErrorCode::kNotFound, "store", "no photo 12");`
inline auto fail(ErrorCode code, std::string_view source, std::string context) {
  return boost::outcome_v2::failure(make_error(code, source, std::move(context)));
}
inline auto fail(Error error) { return boost::outcome_v2::failure(std::move(error)); }

}  // namespace farm

#define FARM_TRY(...) BOOST_OUTCOME_TRY(__VA_ARGS__)
#define FARM_CO_TRY(...) BOOST_OUTCOME_CO_TRY(__VA_ARGS__)
