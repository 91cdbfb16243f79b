#include "roles/json_body.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "net/body_buffer.h"

namespace farm::roles {

using Json = nlohmann::json;

namespace {

auto invalid(std::string what) {
  return fail(ErrorCode::kInvalidArgument, "roles", std::move(what));
}

bool is_int64(const Json& value) {
  return value.is_number_integer() &&
         (!value.is_number_unsigned() || value.get<std::uint64_t>() <= INT64_MAX);
}

template <class T, class Check>
Result<std::optional<T>> read_value(const Json& object, std::string_view name,
                                    std::string_view wanted, const Check& check) {
  const auto found = object.find(std::string(name));
  if (found == object.end()) return std::optional<T>();
  if (!check(*found))
    return invalid("\"" + std::string(name) + "\" must be " + std::string(wanted));
  return std::optional<T>(found->template get<T>());
}

template <class Check>
auto array_of(const Check& check) {
  return [&check](const Json& value) {
    return value.is_array() && std::all_of(value.begin(), value.end(), check);
  };
}

bool is_string(const Json& value) { return value.is_string(); }

}  // namespace

struct JsonBody::Impl {
  Json json;
};

JsonBody::JsonBody(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
JsonBody::~JsonBody() = default;
JsonBody::JsonBody(JsonBody&&) noexcept = default;

Result<JsonBody> JsonBody::parse(std::string_view text, FieldNames names) {
  constexpr int kMaxDepth = 8;
  const auto shallow = [](int depth, Json::parse_event_t, Json&) { return depth < kMaxDepth; };
  Json json = Json::parse(text, shallow, /*allow_exceptions=*/false);
  if (json.is_discarded() || !json.is_object()) return invalid("the body is not a JSON object");
  for (const auto& [name, value] : json.items()) {
    if (std::ranges::find(names, std::string_view(name)) == names.end()) {
      return invalid("the body has an unknown name \"" + name + "\"");
    }
  }
  return JsonBody(std::make_unique<Impl>(Impl{std::move(json)}));
}

Result<std::optional<std::string>> JsonBody::string(std::string_view name) const {
  return read_value<std::string>(impl_->json, name, "a string", is_string);
}

Result<std::optional<bool>> JsonBody::boolean(std::string_view name) const {
  const auto is_boolean = [](const Json& value) { return value.is_boolean(); };
  return read_value<bool>(impl_->json, name, "true or false", is_boolean);
}

Result<std::optional<std::int64_t>> JsonBody::integer(std::string_view name) const {
  return read_value<std::int64_t>(impl_->json, name, "an integer", is_int64);
}

Result<std::optional<std::vector<std::int64_t>>> JsonBody::integers(std::string_view name) const {
  return read_value<std::vector<std::int64_t>>(impl_->json, name, "an array of integers",
                                               array_of(is_int64));
}

Result<std::optional<std::vector<std::string>>> JsonBody::strings(std::string_view name) const {
  return read_value<std::vector<std::string>>(impl_->json, name, "an array of strings",
                                              array_of(is_string));
}

io::Task<Result<JsonBody>> read_json(net::Exchange& exchange, FieldNames names) {
  FARM_CO_TRY(const net::BodyBuffer body, co_await net::read_whole_body(exchange));
  co_return JsonBody::parse(as_text(body.view()), names);
}

}  // namespace farm::roles
