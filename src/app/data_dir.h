// The small files beside store and catalog in a data directory, through which the commands on the
// same machine find a running server: admin.key and server.url.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"

namespace farm::app {

// Makes the directory, readable by this user alone, if there is none.
Result<void> make_data_dir(const std::filesystem::path& data);

// The key in DATA/admin.key, made (mode 0600, on disk when this returns) if there is none.
Result<std::string> read_or_make_admin_key(const std::filesystem::path& data);

// The key, if the file is there and can be read by this user.
std::optional<std::string> find_admin_key(const std::filesystem::path& data);

// Where the server of this data directory listens; removed when it stops.
Result<void> write_server_url(const std::filesystem::path& data, const std::string& url);
void remove_server_url(const std::filesystem::path& data);
std::optional<std::string> find_server_url(const std::filesystem::path& data);

}  // namespace farm::app
