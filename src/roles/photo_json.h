// A photo as the API shows it (docs/operating.md). Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"

namespace farm::roles {

// `base_url` is put before every URL: "http://127.0.0.1:8080".
std::string photo_json(const catalog::PhotoRow& row, std::string_view base_url);

// A page: {"photos":[…],"next":"cursor"}; `next` is null where there is no further page.
std::string photo_page_json(const std::vector<catalog::PhotoRow>& rows, std::string_view base_url,
                            bool more);

}  // namespace farm::roles
