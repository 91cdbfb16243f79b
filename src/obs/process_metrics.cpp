#include "obs/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include "obs/log.h"

namespace farm::obs {
namespace {

// Fields of /proc/self/stat after the command's name, counted as proc(5) does.
constexpr std::size_t kFirstField = 3;
constexpr std::size_t kUserTicks = 14;
constexpr std::size_t kSystemTicks = 15;
constexpr std::size_t kThreads = 20;
constexpr std::size_t kStartTicks = 22;
constexpr std::size_t kVirtualBytes = 23;
constexpr std::size_t kResidentPages = 24;

class ProcessStat {
 public:
  static std::optional<ProcessStat> read() {
    std::ifstream file("/proc/self/stat");
    std::string text;
    if (!std::getline(file, text)) return {};
    // The name is in parentheses and may itself hold any of them.
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string::npos) return {};
    std::istringstream rest(text.substr(name_end + 1));
    ProcessStat stat;
    for (std::string field; rest >> field;) stat.fields_.push_back(std::move(field));
    if (stat.fields_.size() <= kResidentPages - kFirstField) return {};
    return stat;
  }

  double field(std::size_t number) const {
    const std::string& text = fields_[number - kFirstField];
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  }

 private:
  std::vector<std::string> fields_;
};

// Seconds since 1970 at which the machine started.
std::optional<double> boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    double seconds = 0;
    if (word == "btime" && file >> seconds) return seconds;
  }
  return {};
}

std::optional<double> count_open_files() {
  std::error_code error;
  double count = -1;  // the listing itself holds one open
  for (std::filesystem::directory_iterator it("/proc/self/fd", error), end; !error && it != end;
       it.increment(error)) {
    ++count;
  }
  if (error) return {};
  return count;
}

void collect_stat(const ProcessStat& stat, Samples& out) {
  const auto ticks_a_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto page_bytes = static_cast<double>(sysconf(_SC_PAGESIZE));
  out.counter("process_cpu_seconds_total", "User and system CPU time",
              (stat.field(kUserTicks) + stat.field(kSystemTicks)) / ticks_a_second);
  out.gauge("process_threads", "Threads", stat.field(kThreads));
  out.gauge("process_virtual_memory_bytes", "Address space", stat.field(kVirtualBytes));
  out.gauge("process_resident_memory_bytes", "Memory in RAM",
            stat.field(kResidentPages) * page_bytes);
  if (const auto boot = boot_time()) {
    out.gauge("process_start_time_seconds", "When the process started, in seconds since 1970",
              *boot + stat.field(kStartTicks) / ticks_a_second);
  }
}

}  // namespace

void collect_process_metrics(Samples& out) {
  if (const auto stat = ProcessStat::read()) collect_stat(*stat, out);
  if (const auto count = count_open_files()) {
    out.gauge("process_open_fds", "Open file descriptors", *count);
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    out.gauge("process_max_fds", "File descriptors that may be open at most",
              static_cast<double>(limit.rlim_cur));
  }
  out.counter("photofarm_log_lines_dropped_total", "Lines lost because the log's queue was full",
              static_cast<double>(dropped_log_lines()));
}

}  // namespace farm::obs
