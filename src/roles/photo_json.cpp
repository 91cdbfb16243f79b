#include "roles/photo_json.h"

#include <nlohmann/json.hpp>

#include "url/permission_url.h"

namespace farm::roles {
namespace {

using Json = nlohmann::ordered_json;

std::string url_of(const catalog::PhotoRow& row, const catalog::SizeRow& size,
                   std::string_view base_url) {
  const bool original = size.code == photo::SizeCode::kOriginal;
  return std::string(base_url) +
         url::format_permission_url({.server = row.server,
                                     .id = row.id,
                                     .secret = original ? row.original_secret : row.secret,
                                     .code = size.code,
                                     .format = size.format});
}

// Only those that are known.
void add_facts(Json& photo, const photo::Facts& facts) {
  const auto add = [&](const char* name, const std::string& text) {
    if (!text.empty()) photo[name] = text;
  };
  add("taken_at", facts.taken_at);
  add("camera", facts.camera);
  add("dominant_color", facts.dominant_color);
  add("thumb_hash", facts.thumb_hash);
}

Json to_json(const catalog::PhotoRow& row, std::string_view base_url) {
  Json sizes = Json::object();
  std::uint64_t original_bytes = 0;
  for (const catalog::SizeRow& size : row.sizes) {
    if (size.code == photo::SizeCode::kOriginal) original_bytes = size.bytes;
    sizes[std::string(1, static_cast<char>(size.code))] = {
        {"width", size.dimensions.width},
        {"height", size.dimensions.height},
        {"bytes", size.bytes},
        {"format", photo::extension(size.format)},
        {"url", url_of(row, size, base_url)}};
  }
  Json photo = {{"id", row.id.str()},
                {"server", row.server},
                {"version", row.version},
                {"owner", row.owner},
                {"title", row.title},
                {"visibility", row.visibility == photo::Visibility::kPublic ? "public" : "private"},
                {"secret", row.secret.str()},
                {"original_secret", row.original_secret.str()},
                {"format", photo::extension(row.format)},
                {"width", row.dimensions.width},
                {"height", row.dimensions.height},
                {"bytes", original_bytes},
                {"created_at", format_rfc3339(row.created_ms)},
                {"changed_at", format_rfc3339(row.changed_ms)}};
  add_facts(photo, row.facts);
  photo["sizes"] = std::move(sizes);
  return photo;
}

std::string print(const Json& json) {
  // Owner and title were checked to be UTF-8 when they came in; never throw on an old one.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string photo_json(const catalog::PhotoRow& row, std::string_view base_url) {
  return print(to_json(row, base_url));
}

std::string photo_page_json(const std::vector<catalog::PhotoRow>& rows, std::string_view base_url,
                            bool more) {
  Json photos = Json::array();
  for (const catalog::PhotoRow& row : rows) photos.push_back(to_json(row, base_url));
  Json page = {{"photos", std::move(photos)}};
  page["next"] = more && !rows.empty() ? Json(rows.back().id.str()) : Json(nullptr);
  return print(page);
}

}  // namespace farm::roles
