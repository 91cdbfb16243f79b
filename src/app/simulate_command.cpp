#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/hit_ratio_plot.h"
#include "app/progress.h"
#include "app/terminal.h"
#include "app/trace_file.h"
#include "cache/simulation.h"

namespace farm::app {
namespace {

struct Size {
  std::uint64_t capacity = 0;
  double share = 0;  // of the footprint
};

struct Run {
  cache::Policy policy;
  Size size;  // of the memory
  Size disk;  // nothing: there is none
  cache::SimulationResult result;
};

// What was asked for, checked.
struct Plan {
  std::vector<cache::Policy> policies;
  std::vector<std::string> sizes;  // as written
  std::vector<std::string> disks;  // the same; none: no disk tier
  std::uint64_t object_max_bytes = 0;
  std::uint64_t disk_object_max_bytes = 0;
};

auto wrong(std::string what) {
  return fail(ErrorCode::kInvalidArgument, "simulate", std::move(what));
}

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> words;
  std::size_t begin = 0;
  while (begin <= list.size()) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    if (end > begin) words.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

Result<Plan> plan_of(const SimulateOptions& options) {
  Plan plan;
  for (const std::string& name : split(options.policies)) {
    const auto policy = cache::parse_policy(name);
    if (!policy) return wrong("\"" + name + "\" is no policy; there are s3fifo and lru");
    plan.policies.push_back(*policy);
  }
  plan.sizes = split(options.memory);
  plan.disks = split(options.disk);
  if (plan.sizes.empty() || plan.policies.empty()) {
    return wrong("--memory and --policy need at least one value each");
  }
  const auto object_max = config::parse_size(options.object_max);
  if (!object_max) return wrong("--object-max " + options.object_max + " is no size");
  plan.object_max_bytes = *object_max;
  const auto disk_object_max = config::parse_size(options.disk_object_max);
  if (!disk_object_max) {
    return wrong("--disk-object-max " + options.disk_object_max + " is no size");
  }
  plan.disk_object_max_bytes = *disk_object_max;
  if (!plan.disks.empty() && options.unit_cost) {
    return wrong("--disk has sizes in bytes, so it does not go with --unit-cost");
  }
  return plan;
}

// "5%" of the footprint, "64MiB", or with unit cost a number of objects.
Result<Size> size_of(const std::string& option, const std::string& text, std::uint64_t footprint,
                     bool unit_cost) {
  Size size;
  if (text.ends_with('%')) {
    char* end = nullptr;
    const double percent = std::strtod(text.c_str(), &end);
    if (*end != '%' || !(percent > 0 && percent <= 1000)) {
      return wrong(option + " " + text + " is no share of the footprint");
    }
    size.capacity = static_cast<std::uint64_t>(static_cast<double>(footprint) * percent / 100);
  } else {
    // A bare number is one of objects, where sizes need a unit.
    const auto parsed = config::parse_size(unit_cost ? text + "B" : text);
    if (!parsed) {
      return wrong(option + " " + text + " is no " +
                   (unit_cost ? "number of objects" : "size, such as 64MiB,") +
                   " nor a share as 5%");
    }
    size.capacity = *parsed;
  }
  if (size.capacity == 0) return wrong(option + " " + text + " of this trace is nothing");
  size.share =
      footprint == 0 ? 0 : static_cast<double>(size.capacity) / static_cast<double>(footprint);
  return size;
}

Result<cache::Trace> read_trace(const std::string& file) {
  std::error_code unknown;
  const std::uint64_t total = std::filesystem::file_size(file, unknown);
  Progress progress("reading", "bytes", unknown ? Progress::kUnknown : total);
  cache::Trace trace;
  FARM_TRY(for_each_line(
      file, [&](std::string_view line) { return trace.add_line(line); },
      [&](std::uint64_t done) { progress.set(done, unknown ? Progress::kUnknown : total); }));
  if (trace.requests().empty()) {
    return wrong(file + ": there is no request in it that a cache could answer");
  }
  return trace;
}

std::string percent(double share, int digits) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.*f %%", digits, share * 100);
  return text.data();
}

// As many digits as tell one share from the next: "0.05 %", "2.5 %", "10 %".
std::string short_percent(double share) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3g %%", share * 100);
  return text.data();
}

std::string size_text(std::uint64_t capacity, bool unit_cost) {
  return unit_cost ? std::to_string(capacity) : human_bytes(capacity);
}

std::uint64_t footprint_of(const cache::Trace& trace, bool unit_cost) {
  return unit_cost ? trace.keys().size() : trace.footprint_bytes();
}

Result<std::vector<Run>> simulate_all(const cache::Trace& trace, const Plan& plan,
                                      const SimulateOptions& options) {
  std::vector<Run> runs;
  for (const std::string& text : plan.sizes) {
    FARM_TRY(const Size size,
             size_of("--memory", text, footprint_of(trace, options.unit_cost), options.unit_cost));
    for (const cache::Policy policy : plan.policies) {
      if (plan.disks.empty()) runs.push_back({policy, size, {}, {}});
      for (const std::string& disk_text : plan.disks) {
        FARM_TRY(const Size disk, size_of("--disk", disk_text, trace.footprint_bytes(), false));
        if (disk.capacity < cache::kMinDiskObjects * plan.disk_object_max_bytes) {
          return wrong("--disk " + disk_text + " is too small for objects of --disk-object-max " +
                       options.disk_object_max + ": it needs " +
                       std::to_string(cache::kMinDiskObjects) + " times as much");
        }
        runs.push_back({policy, size, disk, {}});
      }
    }
  }
  std::ranges::stable_sort(
      runs, {}, [](const Run& run) { return std::pair(run.size.capacity, run.disk.capacity); });
  const std::uint64_t each = trace.requests().size();
  Progress progress("simulating", "requests", each * runs.size());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    runs[i].result = cache::simulate(
        trace,
        {.capacity = runs[i].size.capacity,
         .policy = runs[i].policy,
         .shards = options.shards,
         .object_max_bytes = plan.object_max_bytes,
         .unit_cost = options.unit_cost,
         .disk_bytes = runs[i].disk.capacity,
         .disk_object_max_bytes = plan.disk_object_max_bytes},
        [&](std::uint64_t done) { progress.set(i * each + done, each * runs.size()); });
  }
  return runs;
}

void print_head(const char* line) { std::printf("%s\n", styled(Style::kBold, line).c_str()); }

void print_memory_rows(const std::vector<Run>& runs, bool unit_cost) {
  std::array<char, 160> line{};
  std::snprintf(line.data(), line.size(), "%-8s %12s %10s %12s %12s %12s", "policy",
                unit_cost ? "objects" : "memory", "share", "object hits", "byte hits", "kept");
  print_head(line.data());
  for (const Run& run : runs) {
    std::printf("%-8s %12s %10s %12s %12s %12llu\n", std::string(to_string(run.policy)).c_str(),
                size_text(run.size.capacity, unit_cost).c_str(),
                short_percent(run.size.share).c_str(),
                percent(run.result.object_hit_ratio(), 2).c_str(),
                percent(run.result.byte_hit_ratio(), 2).c_str(),
                static_cast<unsigned long long>(run.result.tier.objects));
  }
}

// Hits are of objects; what is written is a share of the bytes that were asked for.
void print_disk_rows(const std::vector<Run>& runs) {
  std::array<char, 200> line{};
  std::snprintf(line.data(), line.size(), "%-8s %12s %10s %12s %10s %12s %12s %12s %12s %10s",
                "policy", "memory", "share", "disk", "share", "memory hits", "disk hits",
                "all hits", "byte hits", "written");
  print_head(line.data());
  for (const Run& run : runs) {
    const cache::SimulationResult& result = run.result;
    std::printf("%-8s %12s %10s %12s %10s %12s %12s %12s %12s %10s\n",
                std::string(to_string(run.policy)).c_str(), human_bytes(run.size.capacity).c_str(),
                short_percent(run.size.share).c_str(), human_bytes(run.disk.capacity).c_str(),
                short_percent(run.disk.share).c_str(),
                percent(result.object_hit_ratio(), 2).c_str(),
                percent(result.disk_hit_ratio(), 2).c_str(),
                percent(result.total_object_hit_ratio(), 2).c_str(),
                percent(result.total_byte_hit_ratio(), 2).c_str(),
                percent(result.write_ratio(), 1).c_str());
  }
}

void print_table(const cache::Trace& trace, const std::vector<Run>& runs, bool unit_cost) {
  std::printf("%zu requests for %zu objects of %s in all", trace.requests().size(),
              trace.keys().size(), human_bytes(trace.footprint_bytes()).c_str());
  if (trace.skipped_lines() > 0) {
    std::printf("; %llu other lines left out",
                static_cast<unsigned long long>(trace.skipped_lines()));
  }
  std::printf("\n\n");
  if (!runs.front().disk.capacity) {
    print_memory_rows(runs, unit_cost);
  } else {
    print_disk_rows(runs);
  }
}

void print_json(const cache::Trace& trace, const std::vector<Run>& runs, bool unit_cost) {
  nlohmann::ordered_json results = nlohmann::ordered_json::array();
  for (const Run& run : runs) {
    results.push_back({{"policy", to_string(run.policy)},
                       {unit_cost ? "capacity_objects" : "capacity_bytes", run.size.capacity},
                       {"share", run.size.share},
                       {"hits", run.result.hits},
                       {"object_hit_ratio", run.result.object_hit_ratio()},
                       {"byte_hit_ratio", run.result.byte_hit_ratio()},
                       {"objects", run.result.tier.objects},
                       {"evictions", run.result.tier.evictions},
                       {"refusals", run.result.tier.refusals}});
    if (run.disk.capacity == 0) continue;
    results.back()["disk"] = {
        {"capacity_bytes", run.disk.capacity},    {"share", run.disk.share},
        {"hits", run.result.disk_hits},           {"object_hit_ratio", run.result.disk_hit_ratio()},
        {"objects", run.result.disk.objects},     {"written_bytes", run.result.disk_written_bytes},
        {"write_ratio", run.result.write_ratio()}};
    results.back()["total_object_hit_ratio"] = run.result.total_object_hit_ratio();
    results.back()["total_byte_hit_ratio"] = run.result.total_byte_hit_ratio();
  }
  const nlohmann::ordered_json all = {{"requests", trace.requests().size()},
                                      {"objects", trace.keys().size()},
                                      {"footprint_bytes", trace.footprint_bytes()},
                                      {"skipped_lines", trace.skipped_lines()},
                                      {"unit_cost", unit_cost},
                                      {"results", results}};
  std::printf("%s\n", all.dump().c_str());
}

double ratio_of(const cache::SimulationResult& result, bool by_bytes, bool with_disk) {
  if (with_disk) {
    return by_bytes ? result.total_byte_hit_ratio() : result.total_object_hit_ratio();
  }
  return by_bytes ? result.byte_hit_ratio() : result.object_hit_ratio();
}

// What a plot has along its x axis: the memory, or the disk where there are several of one memory.
struct Axis {
  bool is_disk = false;
  bool unit_cost = false;

  const Size& along(const Run& run) const { return is_disk ? run.disk : run.size; }
  const Size& across(const Run& run) const { return is_disk ? run.size : run.disk; }
};

// One for all runs of that policy that have the same other size.
HitRatioLine line_of(const std::vector<Run>& runs, const Run& like, const Axis& axis, bool by_bytes,
                     bool with_disk) {
  HitRatioLine line{.name = like.policy == cache::Policy::kLru ? "LRU" : "S3-FIFO", .points = {}};
  if (like.disk.capacity != 0) {
    line.name += with_disk ? ", " + human_bytes(axis.across(like).capacity) +
                                 (axis.is_disk ? " memory" : " disk")
                           : ", memory alone";
  }
  for (const Run& run : runs) {
    if (run.policy != like.policy || axis.across(run).capacity != axis.across(like).capacity) {
      continue;
    }
    const Size& size = axis.along(run);
    line.points.push_back({.size = static_cast<double>(size.capacity),
                           .label = size_text(size.capacity, axis.unit_cost),
                           .sub_label = short_percent(size.share),
                           .ratio = ratio_of(run.result, by_bytes, with_disk)});
  }
  return line;
}

std::vector<HitRatioLine> lines_of(const std::vector<Run>& runs, const Axis& axis, bool by_bytes) {
  std::vector<HitRatioLine> lines;
  std::vector<std::pair<cache::Policy, std::uint64_t>> drawn;
  std::vector<cache::Policy> alone;
  for (const Run& run : runs) {
    const bool with_disk = run.disk.capacity != 0;
    const std::pair which(run.policy, axis.across(run).capacity);
    if (std::ranges::find(drawn, which) != drawn.end()) continue;
    drawn.push_back(which);
    lines.push_back(line_of(runs, run, axis, by_bytes, with_disk));
    // What the memory has does not depend on the disk below it.
    if (!with_disk || axis.is_disk || std::ranges::find(alone, run.policy) != alone.end()) continue;
    alone.push_back(run.policy);
    lines.push_back(line_of(runs, run, axis, by_bytes, false));
  }
  return lines;
}

HitRatioPlot plot_of(const cache::Trace& trace, const std::vector<Run>& runs, const Plan& plan,
                     const SimulateOptions& options) {
  const bool with_disk = !plan.disks.empty();
  const Axis axis{.is_disk = plan.disks.size() > 1, .unit_cost = options.unit_cost};
  HitRatioPlot plot;
  plot.title = std::string(options.by_bytes ? "Bytes" : "Requests") + " answered from memory" +
               (with_disk ? " or disk" : "");
  plot.subtitle = std::filesystem::path(options.trace).filename().string() + ": " +
                  std::to_string(trace.requests().size()) + " requests for " +
                  std::to_string(trace.keys().size()) + " objects, " +
                  human_bytes(trace.footprint_bytes());
  plot.x_axis = options.unit_cost
                    ? "cache size: objects, and share of all objects"
                    : std::string("cache size: ") + (axis.is_disk ? "disk" : "memory") +
                          ", and share of the bytes of all objects";
  plot.y_axis = options.by_bytes ? "byte hit ratio" : "object hit ratio";
  plot.lines = lines_of(runs, axis, options.by_bytes);
  return plot;
}

Result<void> write_text(const std::string& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary);
  out << text;
  out.close();
  if (!out) return fail(ErrorCode::kIo, "app", file + " cannot be written");
  return ok();
}

Result<void> run_simulation(const SimulateOptions& options) {
  FARM_TRY(const Plan plan, plan_of(options));
  FARM_TRY(const cache::Trace trace, read_trace(options.trace));
  FARM_TRY(const std::vector<Run> runs, simulate_all(trace, plan, options));
  if (options.json) {
    print_json(trace, runs, options.unit_cost);
  } else {
    print_table(trace, runs, options.unit_cost);
  }
  if (options.plot.empty()) return ok();
  return write_text(options.plot, to_svg(plot_of(trace, runs, plan, options)));
}

}  // namespace

int simulate(const SimulateOptions& options) {
  const Result<void> done = run_simulation(options);
  return done ? kExitOk : report_error(done.error());
}

}  // namespace farm::app
