// Query strings of the form name=value&… (WHATWG URL, application/x-www-form-urlencoded).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace farm::net {

class Query {
 public:
  // kInvalidArgument for a bad percent escape, a name that comes twice, or over 32 names.
  static Result<Query> parse(std::string_view text);

  std::optional<std::string_view> find(std::string_view name) const;
  // The first name that is none of `known`, to be refused.
  std::optional<std::string_view> unknown(std::initializer_list<std::string_view> known) const;

 private:
  std::vector<std::pair<std::string, std::string>> values_;
};

// Percent-encodes all but RFC 3986's unreserved characters.
std::string percent_encode(std::string_view text);

}  // namespace farm::net
