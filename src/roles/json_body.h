// Small JSON request bodies, checked field by field: an unknown name or a wrong type is
// kInvalidArgument with a sentence that names it. Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/exchange.h"

namespace farm::roles {

inline constexpr std::uint64_t kMaxJsonBytes = 64 << 10;

// The names an object may have. A static array: g++ 12 cannot keep an initializer_list in a
// coroutine.
using FieldNames = std::span<const std::string_view>;

class JsonBody {
 public:
  ~JsonBody();
  JsonBody(JsonBody&&) noexcept;
  JsonBody& operator=(JsonBody&&) = delete;

  // One object with no other names than these.
  static Result<JsonBody> parse(std::string_view text, FieldNames names);

  Result<std::optional<std::string>> string(std::string_view name) const;
  Result<std::optional<bool>> boolean(std::string_view name) const;
  Result<std::optional<std::int64_t>> integer(std::string_view name) const;
  Result<std::optional<std::vector<std::int64_t>>> integers(std::string_view name) const;
  Result<std::optional<std::vector<std::string>>> strings(std::string_view name) const;

 private:
  struct Impl;
  explicit JsonBody(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Reads the request's body and parses it.
io::Task<Result<JsonBody>> read_json(net::Exchange& exchange, FieldNames names);

}  // namespace farm::roles
