#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <thread>

#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/progress.h"
#include "base/digest.h"
#include "net/query.h"

namespace farm::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kTries = 6;

Result<Bytes> read_file(const std::string& name) {
  std::error_code error;
  if (std::filesystem::is_directory(name, error)) {
    return fail(ErrorCode::kInvalidArgument, "app", name + " is a directory; name the files in it");
  }
  std::ifstream in(name, std::ios::binary | std::ios::ate);
  if (!in) return fail(ErrorCode::kNotFound, "app", "cannot read " + name);
  Bytes bytes(static_cast<std::size_t>(in.tellg()));
  in.seekg(0);
  in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!in) return fail(ErrorCode::kIo, "app", "cannot read " + name);
  return bytes;
}

std::string upload_target(const PutOptions& options) {
  return "/v1/photos?owner=" + net::percent_encode(options.owner) +
         "&title=" + net::percent_encode(options.title) +
         "&visibility=" + net::percent_encode(options.visibility);
}

std::string idempotency_key() {
  std::array<std::byte, 16> random{};
  random_bytes(random);
  return "put-" + to_hex(random);
}

bool worth_another_try(const Result<ApiClient::Answer>& answer) {
  if (!answer) return answer.error().code != ErrorCode::kInvalidArgument;
  return answer.value().status == 503 || answer.value().status == 429;
}

// One file, tried again while the server is busy or out of reach; the idempotency key sees to it
// that it is stored once.
Result<Json> put_file(ApiClient& client, const std::string& target, const std::string& name) {
  FARM_TRY(const Bytes bytes, read_file(name));
  const std::string key = idempotency_key();
  for (int attempt = 1;; ++attempt) {
    const auto answer =
        client.send(net::Method::kPost, target, bytes,
                    {{"Content-Type", "application/octet-stream"}, {"Idempotency-Key", key}});
    if (attempt < kTries && worth_another_try(answer)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100 << attempt));
      continue;
    }
    if (!answer) return fail(answer.error());
    if (answer.value().status != 201) return fail(ApiClient::to_error(answer.value()));
    Json json = Json::parse(answer.value().body, nullptr, /*allow_exceptions=*/false);
    if (json.is_discarded())
      return fail(ErrorCode::kCorrupt, "app", "the server's answer is no JSON");
    return json;
  }
}

std::string describe(const std::string& name, const Json& photo) {
  std::string text = name + "  photo " + photo.value("id", "") + "  " +
                     std::to_string(photo.value("width", 0)) + "x" +
                     std::to_string(photo.value("height", 0)) + "  " +
                     human_bytes(photo.value("bytes", std::uint64_t{0}));
  for (const auto& [code, size] : photo["sizes"].items()) {
    const std::string dimensions =
        std::to_string(size.value("width", 0)) + "x" + std::to_string(size.value("height", 0));
    std::array<char, 64> columns;
    std::snprintf(columns.data(), columns.size(), "\n  %s  %-11s %8s  ", code.c_str(),
                  dimensions.c_str(), human_bytes(size.value("bytes", std::uint64_t{0})).c_str());
    text += columns.data() + size.value("url", "");
  }
  return text;
}

// Lines come out in the order of the files, however the uploads overtake each other.
class OrderedOutput {
 public:
  explicit OrderedOutput(Progress& progress) : progress_(progress) {}

  void add(std::size_t index, bool good, std::string text) {
    const std::lock_guard lock(mutex_);
    waiting_[index] = {good, std::move(text)};
    while (!waiting_.empty() && waiting_.begin()->first == next_) {
      const Line& line = waiting_.begin()->second;
      if (line.good) {
        progress_.print(line.text);
      } else {
        progress_.print_error(line.text);
      }
      waiting_.erase(waiting_.begin());
      ++next_;
    }
  }

 private:
  struct Line {
    bool good;
    std::string text;
  };
  Progress& progress_;
  std::mutex mutex_;
  std::map<std::size_t, Line> waiting_;
  std::size_t next_ = 0;
};

struct PutState {
  const PutOptions& options;
  const std::string target;
  Progress progress;
  OrderedOutput output{progress};
  std::atomic<std::size_t> next{0};
  std::atomic<std::size_t> failed{0};
  std::atomic<bool> unreachable{false};
};

void put_files(const ServerOptions& server, PutState& state) {
  auto client = ApiClient::make(server);
  if (!client) return;  // checked before the threads were started
  while (!state.unreachable) {
    const std::size_t index = state.next++;
    if (index >= state.options.files.size()) return;
    const std::string& name = state.options.files[index];
    const auto photo = put_file(client.value(), state.target, name);
    if (photo) {
      const Json& json = photo.value();
      state.output.add(index, true, state.options.json ? json.dump() : describe(name, json));
    } else {
      ++state.failed;
      if (photo.error().code == ErrorCode::kUnavailable) state.unreachable = true;
      state.output.add(index, false, "photofarm: " + name + ": " + photo.error().context);
    }
    state.progress.advance();
  }
}

}  // namespace

int put(const ServerOptions& server, const PutOptions& options) {
  if (const auto client = ApiClient::make(server); !client) return report_error(client.error());
  PutState state{.options = options,
                 .target = upload_target(options),
                 .progress = Progress("uploading", "files",
                                      options.files.size() > 1 ? options.files.size() : 0)};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < std::min<std::size_t>(options.jobs, options.files.size()); ++i) {
    threads.emplace_back(put_files, std::cref(server), std::ref(state));
  }
  for (std::thread& thread : threads) thread.join();
  if (state.unreachable) return kExitUnreachable;
  return state.failed == 0 ? kExitOk : kExitFailed;
}

}  // namespace farm::app
