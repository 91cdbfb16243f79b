#include "cache/http/negative.h"

#include <gtest/gtest.h>

namespace farm::cache {
namespace {

TEST(NegativeTest, OnlyNegativeAnswersHaveTheBound) {
  for (const int status : {400, 404, 410, 451, 500, 503}) {
    EXPECT_EQ(bounded_lifetime(status, 3600, 60), 60U) << status;
    EXPECT_EQ(bounded_lifetime(status, 10, 60), 10U) << status;
    EXPECT_EQ(bounded_lifetime(status, 10, 0), 0U) << status;
  }
  for (const int status : {200, 204, 301, 308}) {
    EXPECT_EQ(bounded_lifetime(status, 3600, 60), 3600U) << status;
  }
}

}  // namespace
}  // namespace farm::cache
