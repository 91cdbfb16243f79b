// What purges look like between processes and to people: JSON. Numbers and ids are strings of
// decimal digits, as a JSON number may not hold them. Pure; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cache/purge_log.h"
#include "roles/purge/purge_receipts.h"

namespace farm::roles {

// No page has more; its JSON is then under kMaxPurgePageJson.
inline constexpr std::size_t kMaxPagePurges = 1'000;
inline constexpr std::size_t kMaxPageBytes = 256 << 10;  // of paths and tags
inline constexpr std::uint64_t kMaxPurgePageJson = 1 << 20;

std::string purge_receipt_json(const PurgeReceipt& receipt);

// {"log":"hex","after":"1","last":"3","more":false,"floors":{"gone":"1","stale":"0"},
//  "purges":[{"id":"2","tag":"p1"},{"id":"3","prefix":"/a/","soft":true}]}
std::string purge_page_json(const cache::PurgePage& page);
// kInvalidArgument if it is none, kTooLarge if it is over the bounds above.
Result<cache::PurgePage> parse_purge_page(std::string_view json);

// {"last":"3"}: the answer to such a page.
std::string purge_known_json(std::uint64_t last);
Result<std::uint64_t> parse_purge_known(std::string_view json);

// What a problem+json answer says to a person; the text itself if it is none.
std::string problem_detail(std::string_view text);

// 1 to 19 digits.
std::optional<std::uint64_t> parse_purge_number(std::string_view text);

}  // namespace farm::roles
