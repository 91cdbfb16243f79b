#include "roles/purge/purge_json.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <nlohmann/json.hpp>

namespace farm::roles {
namespace {

using Json = nlohmann::ordered_json;
using cache::Purge;

constexpr std::array kKinds = {Purge::Kind::kPath, Purge::Kind::kPrefix, Purge::Kind::kTag};

auto invalid(std::string what) {
  return fail(ErrorCode::kInvalidArgument, "roles", "this is no page of purges: " + what);
}

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Json> parse_object(std::string_view text) {
  constexpr int kMaxDepth = 8;
  const auto shallow = [](int depth, Json::parse_event_t, Json&) { return depth < kMaxDepth; };
  Json json = Json::parse(text, shallow, /*allow_exceptions=*/false);
  if (json.is_discarded() || !json.is_object()) return invalid("it is not a JSON object");
  return json;
}

const std::string* find_string(const Json& object, const std::string& name) {
  const auto found = object.find(name);
  if (found == object.end()) return nullptr;
  return found->get_ptr<const std::string*>();
}

Result<std::uint64_t> read_number(const Json& object, const std::string& name) {
  const std::string* text = find_string(object, name);
  const auto number = text == nullptr ? std::nullopt : parse_purge_number(*text);
  if (!number) return invalid("\"" + name + "\" is no string of digits");
  return *number;
}

Json to_json(const cache::PurgePage::Entry& entry) {
  Json json = {{"id", std::to_string(entry.number)},
               {std::string(to_string(entry.purge.kind)), entry.purge.value}};
  if (entry.purge.soft) json["soft"] = true;
  return json;
}

Result<cache::PurgePage::Entry> read_entry(const Json& json) {
  if (!json.is_object()) return invalid("a purge is no object");
  cache::PurgePage::Entry entry;
  FARM_TRY(entry.number, read_number(json, "id"));
  std::size_t kinds = 0;
  for (const Purge::Kind kind : kKinds) {
    const std::string* value = find_string(json, std::string(to_string(kind)));
    if (value == nullptr) continue;
    ++kinds;
    entry.purge.kind = kind;
    entry.purge.value = *value;
  }
  if (kinds != 1) return invalid("a purge is of one \"path\", \"prefix\" or \"tag\"");
  const auto soft = json.find("soft");
  if (soft != json.end()) {
    if (!soft->is_boolean()) return invalid("\"soft\" is neither true nor false");
    entry.purge.soft = soft->get<bool>();
  }
  FARM_TRY(check_purge(entry.purge));
  return entry;
}

Result<void> read_entries(const Json& json, cache::PurgePage& page) {
  const auto purges = json.find("purges");
  if (purges == json.end() || !purges->is_array()) return invalid("\"purges\" is no array");
  if (purges->size() > kMaxPagePurges) {
    return fail(ErrorCode::kTooLarge, "roles", "the page has too many purges");
  }
  std::uint64_t last = page.after;
  for (const Json& one : *purges) {
    FARM_TRY(cache::PurgePage::Entry entry, read_entry(one));
    if (entry.number <= last || entry.number > page.last)
      return invalid("its ids are not in order");
    last = entry.number;
    page.purges.push_back(std::move(entry));
  }
  return ok();
}

}  // namespace

std::optional<std::uint64_t> parse_purge_number(std::string_view text) {
  constexpr std::size_t kMaxDigits = 19;
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end || text.size() > kMaxDigits) return {};
  return number;
}

std::string purge_receipt_json(const PurgeReceipt& receipt) {
  Json edges = Json::array();
  for (const PurgeReceipt::Edge& edge : receipt.edges) {
    edges.push_back({{"edge", edge.edge},
                     {"state", to_string(edge.state)},
                     {"tries", edge.tries},
                     {"error", edge.error}});
  }
  return text_of({{"id", std::to_string(receipt.id)},
                  {"purges", receipt.purges},
                  {"memory_objects", receipt.memory_objects},
                  {"edges", std::move(edges)}});
}

std::string purge_page_json(const cache::PurgePage& page) {
  Json purges = Json::array();
  for (const auto& entry : page.purges) purges.push_back(to_json(entry));
  return text_of(
      {{"log", to_hex(page.log)},
       {"after", std::to_string(page.after)},
       {"last", std::to_string(page.last)},
       {"more", page.more},
       {"floors",
        {{"gone", std::to_string(page.floors.gone)}, {"stale", std::to_string(page.floors.stale)}}},
       {"purges", std::move(purges)}});
}

Result<cache::PurgePage> parse_purge_page(std::string_view text) {
  FARM_TRY(const Json json, parse_object(text));
  cache::PurgePage page;
  const std::string* log = find_string(json, "log");
  if (log == nullptr || !from_hex(*log, page.log)) return invalid("\"log\" is no id of a log");
  FARM_TRY(page.after, read_number(json, "after"));
  FARM_TRY(page.last, read_number(json, "last"));
  const auto more = json.find("more");
  if (more == json.end() || !more->is_boolean()) return invalid("\"more\" is missing");
  page.more = more->get<bool>();
  const auto floors = json.find("floors");
  if (floors == json.end() || !floors->is_object()) return invalid("\"floors\" is missing");
  FARM_TRY(page.floors.gone, read_number(*floors, "gone"));
  FARM_TRY(page.floors.stale, read_number(*floors, "stale"));
  if (page.last < page.after) return invalid("it ends before it begins");
  FARM_TRY(read_entries(json, page));
  return page;
}

std::string purge_known_json(std::uint64_t last) {
  return text_of({{"last", std::to_string(last)}});
}

Result<std::uint64_t> parse_purge_known(std::string_view text) {
  FARM_TRY(const Json json, parse_object(text));
  return read_number(json, "last");
}

std::string problem_detail(std::string_view text) {
  const auto json = parse_object(text);
  const std::string* detail = json ? find_string(json.value(), "detail") : nullptr;
  return detail != nullptr ? *detail : std::string(text);
}

}  // namespace farm::roles
