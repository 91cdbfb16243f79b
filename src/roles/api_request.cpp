#include "roles/api_request.h"

#include <algorithm>

#include "base/utf8.h"
#include "roles/errors.h"
#include "roles/photo_json.h"

namespace farm::roles {
namespace {

auto invalid(std::string what) {
  return fail(ErrorCode::kInvalidArgument, "roles", std::move(what));
}

Result<std::string> parse_label(std::string_view text, std::string_view name, std::size_t max) {
  if (text.size() > max) {
    return invalid(std::string(name) + " is over " + std::to_string(max) + " bytes");
  }
  if (!is_utf8(text)) return invalid(std::string(name) + " is not UTF-8");
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::ranges::any_of(text, is_control)) {
    return invalid(std::string(name) + " has control characters");
  }
  return std::string(text);
}

}  // namespace

Result<PhotoId> photo_id_param(const net::Exchange& exchange) {
  const auto id = PhotoId::parse(exchange.param(0));
  if (!id) return fail(ErrorCode::kNotFound, "roles", "there is no such photo");
  return *id;
}

Result<net::Query> read_query(const net::Exchange& exchange,
                              std::initializer_list<std::string_view> names) {
  FARM_TRY(net::Query query, net::Query::parse(exchange.request().query));
  if (const auto name = query.unknown(names)) {
    std::string known;
    for (const std::string_view one : names) known.append(known.empty() ? "" : ", ").append(one);
    return invalid("the query has an unknown name \"" + std::string(*name) +
                   "\"; known here: " + (known.empty() ? "none" : known));
  }
  return query;
}

Result<photo::Visibility> parse_visibility(std::string_view text) {
  if (text == "public") return photo::Visibility::kPublic;
  if (text == "private") return photo::Visibility::kPrivate;
  return invalid("visibility is \"public\" or \"private\"");
}

Result<std::string> parse_owner(std::string_view text) {
  return parse_label(text, "owner", photo::kMaxOwnerBytes);
}
Result<std::string> parse_title(std::string_view text) {
  return parse_label(text, "title", photo::kMaxTitleBytes);
}

std::string base_url(const net::Exchange& exchange, const Config& config) {
  if (!config.public_url.empty()) return config.public_url;
  return "http://" + std::string(exchange.request().host);
}

io::Task<void> send_json(net::Exchange& exchange, int status, std::string json, std::string extra) {
  exchange.head().start(status);
  exchange.head().add("Content-Type", "application/json");
  exchange.head().add("Cache-Control", "no-store");
  exchange.head().add("X-Content-Type-Options", "nosniff");
  exchange.head().add_lines(extra);
  (void)co_await exchange.send(std::string_view(json));
}

io::Task<void> send_photo(net::Exchange& exchange, int status, const catalog::PhotoRow& row,
                          const Config& config, std::string extra) {
  return send_json(exchange, status, photo_json(row, base_url(exchange, config)), std::move(extra));
}

io::Task<void> answer_photo(net::Exchange& exchange, Result<catalog::PhotoRow> row,
                            const Config& config) {
  if (row) co_return co_await send_photo(exchange, 200, row.value(), config);
  (void)co_await send_error(exchange, std::move(row).error());
}

std::string purge_line(std::uint64_t purge) {
  return purge == 0 ? "" : "Photofarm-Purge: " + std::to_string(purge) + "\r\n";
}

io::Task<void> send_empty(net::Exchange& exchange, int status, std::string extra) {
  exchange.head().start(status);
  exchange.head().add_lines(extra);
  (void)co_await exchange.send(ByteView{});
}

}  // namespace farm::roles
