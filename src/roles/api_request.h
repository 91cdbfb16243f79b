// What the API's handlers share: reading parameters, JSON bodies and ids, and answering.
#pragma once

#include <initializer_list>
#include <string>

#include "catalog/catalog.h"
#include "net/exchange.h"
#include "net/query.h"
#include "roles/services.h"

namespace farm::roles {

// The id in the path; kNotFound if it is none.
Result<PhotoId> photo_id_param(const net::Exchange& exchange);

// The query, which may have only these names.
Result<net::Query> read_query(const net::Exchange& exchange,
                              std::initializer_list<std::string_view> names);

Result<photo::Visibility> parse_visibility(std::string_view text);
// kInvalidArgument if it is too long, no UTF-8, or has control characters.
Result<std::string> parse_owner(std::string_view text);
Result<std::string> parse_title(std::string_view text);

// Put before URLs in answers: the configured public_url, else the host the client asked.
std::string base_url(const net::Exchange& exchange, const Config& config);

// Sends JSON that is complete already. `extra` are header lines, each with its CRLF.
io::Task<void> send_json(net::Exchange& exchange, int status, std::string json,
                         std::string extra = {});
io::Task<void> send_photo(net::Exchange& exchange, int status, const catalog::PhotoRow& row,
                          const Config& config, std::string extra = {});
// 200 and the photo, or the error.
io::Task<void> answer_photo(net::Exchange& exchange, Result<catalog::PhotoRow> row,
                            const Config& config);
// The header line that names the receipt of a purge; empty for 0, which is none.
std::string purge_line(std::uint64_t purge);
io::Task<void> send_empty(net::Exchange& exchange, int status, std::string extra = {});

}  // namespace farm::roles
