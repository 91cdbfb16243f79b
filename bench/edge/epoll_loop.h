// The practical limit: an epoll loop that answers GET from memory and does nothing else. It reads
// just enough of a request to find its path in a hash table, and sends head and body by one
// sendmsg.
#pragma once

#include <filesystem>

namespace farm::bench {

// Serves all files below `root` under their paths, on a free port of 127.0.0.1, which it prints as
// {"port": N}. Runs until it is killed.
void serve_from_memory(const std::filesystem::path& root);

}  // namespace farm::bench
