#include <algorithm>
#include <array>
#include <cstdio>
#include <iostream>

#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/progress.h"
#include "app/record_files.h"
#include "app/terminal.h"
#include "app/volume_inspection.h"
#include "io/file.h"
#include "url/permission_url.h"

namespace farm::app {
namespace {

using Json = nlohmann::ordered_json;
using volume::FrameType;

const char* name_of(FrameType type) {
  switch (type) {
    case FrameType::kRecord:
      return "record";
    case FrameType::kTombstone:
      return "tombstone";
    case FrameType::kFiller:
      return "filler";
    case FrameType::kFooter:
      return "footer";
  }
  return "?";
}

std::string uuid_text(const volume::Uuid& uuid) {
  std::string text = to_hex(uuid);
  for (const std::size_t dash : {20U, 16U, 12U, 8U}) text.insert(dash, 1, '-');
  return text;
}

std::string number(std::uint64_t n) { return std::to_string(n); }

std::string counted(std::uint64_t n, const char* what) {
  return number(n) + " " + what + (n == 1 ? "" : "s");
}

std::string printed(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void heading(std::string_view what, std::string_view of) {
  std::printf("%s  %s\n", styled(Style::kBold, what).c_str(), std::string(of).c_str());
}

void row(const char* what, const std::string& value) {
  std::printf("  %-12s %s\n", what, value.c_str());
}

std::string good_or_bad(bool good, const char* yes, const char* no) {
  return good ? styled(Style::kGood, yes) : styled(Style::kBad, no);
}

// Volumes.

bool is_damaged(const VolumeInspection& found) {
  return !found.copy_good[0] || !found.copy_good[1] || found.recovery.damaged_count > 0 ||
         found.bad_payloads > 0 || (found.footer && !found.footer_agrees);
}

void print_frame(const FrameSeen& seen) {
  const volume::FrameHeader& header = seen.header;
  const bool of_photo = header.type == FrameType::kRecord || header.type == FrameType::kTombstone;
  std::array<char, 160> line{};
  std::snprintf(line.data(), line.size(), "%12llu  %-9s  %19s  %7s  %10s  %11llu  %-20s",
                static_cast<unsigned long long>(seen.offset), name_of(header.type),
                of_photo ? header.id.str().c_str() : "-",
                of_photo ? number(header.version).c_str() : "-",
                of_photo ? number(header.sequence).c_str() : "-",
                static_cast<unsigned long long>(header.payload_bytes),
                of_photo ? format_rfc3339(header.written_ms).c_str() : "-");
  std::string text = line.data();
  text.erase(text.find_last_not_of(' ') + 1);
  if (seen.holds) text += "  " + good_or_bad(*seen.holds, "ok", "BAD");
  std::printf("%s\n", text.c_str());
}

void print_frame_json(const FrameSeen& seen) {
  Json json = {{"offset", seen.offset},
               {"type", name_of(seen.header.type)},
               {"photo", seen.header.id.str()},
               {"version", seen.header.version},
               {"sequence", seen.header.sequence},
               {"bytes", seen.header.payload_bytes},
               {"durable_end", seen.header.durable_end},
               {"written_ms", seen.header.written_ms}};
  if (seen.holds) json["holds"] = *seen.holds;
  std::printf("%s\n", printed(json).c_str());
}

Json holes_json(const std::vector<volume::Hole>& holes) {
  Json json = Json::array();
  for (const volume::Hole& hole : holes) {
    json.push_back({{"offset", hole.offset}, {"bytes", hole.bytes}});
  }
  return json;
}

void print_volume_json(const InspectVolumeOptions& options, const VolumeInspection& found,
                       std::optional<long> holder) {
  const volume::Superblock& super = found.superblock;
  const volume::Recovery& recovery = found.recovery;
  Json json = {{"file", options.file},
               {"file_bytes", found.file_bytes},
               {"open_by", holder ? Json(*holder) : Json(nullptr)},
               {"superblock_copies_good", {found.copy_good[0], found.copy_good[1]}},
               {"number", super.number},
               {"generation", super.generation},
               {"uuid", uuid_text(super.uuid)},
               {"store", uuid_text(super.store)},
               {"created_ms", super.created_ms},
               {"records", found.records},
               {"payload_bytes", found.payload_bytes},
               {"tombstones", found.tombstones},
               {"fillers", found.fillers},
               {"closed", found.footer.has_value()},
               {"footer_agrees", found.footer_agrees},
               {"first_sequence", found.first_sequence},
               {"last_sequence", found.last_sequence},
               {"first_written_ms", found.first_written_ms},
               {"last_written_ms", found.last_written_ms},
               {"live_records", found.live_records},
               {"live_bytes", found.live_bytes},
               {"durable_end", recovery.durable_end},
               {"end", recovery.end},
               {"damaged_count", recovery.damaged_count},
               {"damaged", holes_json(recovery.damaged)},
               {"torn", holes_json(recovery.torn)},
               {"unreadable_bytes", recovery.unreadable_bytes}};
  if (options.check) json["bad_payloads"] = found.bad_payloads;
  std::printf("%s\n", printed(json).c_str());
}

void print_holes(const char* what, Style style, const std::vector<volume::Hole>& holes,
                 std::uint64_t count) {
  row(what, styled(style, counted(count, "place")));
  for (const volume::Hole& hole : holes) {
    row("", "at " + number(hole.offset) + ", " + number(hole.bytes) + " bytes");
  }
  if (count > holes.size()) row("", "and more");
}

void print_superblock(const VolumeInspection& found) {
  const volume::Superblock& super = found.superblock;
  heading("superblock", "copy 1 " + good_or_bad(found.copy_good[0], "good", "DAMAGED") +
                            ", copy 2 " + good_or_bad(found.copy_good[1], "good", "DAMAGED"));
  row("number", number(super.number) + ", generation " + number(super.generation));
  row("volume", uuid_text(super.uuid));
  row("store", uuid_text(super.store));
  row("made", format_rfc3339(super.created_ms));
}

void print_contents(const VolumeInspection& found) {
  heading("frames",
          number(found.records + found.tombstones + found.fillers + (found.footer ? 1 : 0)));
  row("records", number(found.records) + ", " + human_bytes(found.payload_bytes));
  row("tombstones", number(found.tombstones));
  row("fillers",
      number(found.fillers) + (found.fillers > 0 ? ", " + human_bytes(found.filler_bytes) : ""));
  if (found.footer) {
    row("footer", good_or_bad(found.footer_agrees, "agrees with the frames",
                              "DOES NOT AGREE with the frames"));
  } else {
    row("footer", "none: the volume is not closed");
  }
  if (found.records + found.tombstones == 0) return;
  row("sequences", number(found.first_sequence) + " to " + number(found.last_sequence));
  row("written",
      format_rfc3339(found.first_written_ms) + " to " + format_rfc3339(found.last_written_ms));
  row("live", counted(found.live_records, "record") + ", " + human_bytes(found.live_bytes) +
                  styled(Style::kDim, ", if no other volume has later frames of them"));
}

void print_end(const InspectVolumeOptions& options, const VolumeInspection& found) {
  const volume::Recovery& recovery = found.recovery;
  heading("state", is_damaged(found) ? styled(Style::kBad, "DAMAGED")
                                     : styled(Style::kGood, "no damage seen"));
  row("durable to", number(recovery.durable_end));
  row("ends at", number(recovery.end));
  if (found.file_bytes > recovery.end) {
    row("behind it", human_bytes(found.file_bytes - recovery.end) + ", taken ahead or torn");
  }
  if (recovery.damaged_count > 0) {
    print_holes("damage", Style::kBad, recovery.damaged, recovery.damaged_count);
  }
  if (!recovery.torn.empty()) {
    print_holes("torn", Style::kOdd, recovery.torn, recovery.torn.size());
    row("", "never acknowledged; the next start covers it");
  }
  if (recovery.unreadable_bytes > 0) {
    row("unreadable", styled(Style::kBad, human_bytes(recovery.unreadable_bytes)));
  }
  if (options.check) {
    row("payloads", found.bad_payloads == 0
                        ? styled(Style::kGood, "all match their checksums")
                        : styled(Style::kBad, number(found.bad_payloads) + " DO NOT MATCH"));
  } else {
    row("payloads", styled(Style::kDim, "not read; --check does"));
  }
}

// Records.

Json sizes_json(const photo::RecordView& record, ByteView bytes) {
  const photo::RecordInfo info = record.info();
  Json sizes = Json::array();
  for (std::size_t i = 0; i < record.size_count(); ++i) {
    const photo::SizeEntry size = record.size_at(i);
    const bool inside = size.offset + size.length <= bytes.size();
    const bool holds = inside && record.verify(size, 0, bytes.subspan(size.offset, size.length));
    const bool original = size.code == photo::SizeCode::kOriginal;
    sizes.push_back({{"code", std::string(1, static_cast<char>(size.code))},
                     {"format", photo::extension(size.format)},
                     {"width", size.dimensions.width},
                     {"height", size.dimensions.height},
                     {"offset", size.offset},
                     {"bytes", size.length},
                     {"holds", holds},
                     {"path", url::format_permission_url(
                                  {.server = info.server,
                                   .id = info.id,
                                   .secret = original ? info.original_secret : info.secret,
                                   .code = size.code,
                                   .format = size.format})}});
  }
  return sizes;
}

Json record_json(const std::string& file, const photo::RecordView& record, ByteView bytes) {
  const photo::RecordInfo info = record.info();
  return {{"file", file},
          {"id", info.id.str()},
          {"version", info.version},
          {"server", info.server},
          {"owner", info.owner},
          {"title", info.title},
          {"visibility", info.visibility == photo::Visibility::kPublic ? "public" : "private"},
          {"format", photo::extension(info.format)},
          {"width", info.dimensions.width},
          {"height", info.dimensions.height},
          {"created_at", format_rfc3339(info.created_ms)},
          {"changed_at", format_rfc3339(info.changed_ms)},
          {"taken_at", info.facts.taken_at},
          {"camera", info.facts.camera},
          {"dominant_color", info.facts.dominant_color},
          {"thumb_hash", info.facts.thumb_hash},
          {"header_bytes", record.header_bytes()},
          {"record_bytes", record.record_bytes()},
          {"file_bytes", bytes.size()},
          {"sizes", sizes_json(record, bytes)}};
}

bool is_whole(const Json& record) {
  return record["record_bytes"] == record["file_bytes"] &&
         std::ranges::all_of(record["sizes"],
                             [](const Json& size) { return size["holds"] == true; });
}

void print_record(const Json& record) {
  const auto text = [&](const char* name) {
    const Json& value = record[name];
    return value.is_string() ? value.get<std::string>() : value.dump();
  };
  heading("record", text("file"));
  row("photo", text("id") + ", version " + text("version") + ", server " + text("server"));
  row("owner", printable(text("owner")));
  row("title", printable(text("title")));
  row("visibility", text("visibility"));
  row("original", text("format") + ", " + text("width") + "x" + text("height"));
  for (const char* fact : {"taken_at", "camera", "dominant_color", "thumb_hash"}) {
    if (!text(fact).empty()) row(fact, printable(text(fact)));
  }
  row("added", text("created_at"));
  row("changed", text("changed_at"));
  const bool whole = record["record_bytes"] == record["file_bytes"];
  row("bytes", text("record_bytes") + ", the header " + text("header_bytes") +
                   (whole ? "" : ", " + styled(Style::kBad, "BUT THE FILE " + text("file_bytes"))));
  heading("sizes", number(record["sizes"].size()));
  for (const Json& size : record["sizes"]) {
    const std::string dimensions = size["width"].dump() + "x" + size["height"].dump();
    std::printf("  %s  %-4s  %-11s  %8s  %s  %s\n", size["code"].get<std::string>().c_str(),
                size["format"].get<std::string>().c_str(), dimensions.c_str(),
                human_bytes(size["bytes"].get<std::uint64_t>()).c_str(),
                good_or_bad(size["holds"].get<bool>(), "ok ", "BAD").c_str(),
                size["path"].get<std::string>().c_str());
  }
}

}  // namespace

int inspect_volume(const InspectVolumeOptions& options) {
  const std::optional<long> holder = holder_of_volume(options.file);
  InspectOptions inspect;
  inspect.check = options.check;
  Progress progress("reading", "bytes", 0);
  if (!options.frames) {
    inspect.progress = [&](std::uint64_t done, std::uint64_t total) { progress.set(done, total); };
  } else if (options.json) {
    inspect.visit = print_frame_json;
  } else {
    std::printf("%s\n", styled(Style::kBold,
                               "      offset  type                     photo  version    sequence  "
                               "      bytes  written")
                            .c_str());
    inspect.visit = print_frame;
  }
  const auto found = inspect_volume(io::posix_file_system(), options.file, inspect);
  progress.finish();
  if (!found) {
    const bool none = found.error().code == ErrorCode::kCorrupt;
    std::cerr << "photofarm: " << options.file << ": " << found.error().context
              << (none ? ", or it is no volume" : "") << "\n";
    return kExitFailed;
  }
  if (options.json) {
    print_volume_json(options, found.value(), holder);
  } else {
    if (options.frames) std::printf("\n");
    heading("volume", options.file);
    row("file", human_bytes(found.value().file_bytes));
    if (holder) {
      row("open",
          styled(Style::kOdd, "by process " + std::to_string(*holder) + ": its end may be moving"));
    }
    print_superblock(found.value());
    print_contents(found.value());
    print_end(options, found.value());
  }
  return is_damaged(found.value()) ? kExitFailed : kExitOk;
}

int inspect_record(const std::string& file, bool json) {
  const auto bytes = read_record_file(file);
  if (!bytes) return report_error(bytes.error());
  const auto record = photo::RecordView::parse(bytes.value());
  if (!record) {
    std::cerr << "photofarm: " << file << ": " << record.error().context << "\n";
    return kExitFailed;
  }
  const Json shown = record_json(file, record.value(), bytes.value());
  if (json) {
    std::printf("%s\n", printed(shown).c_str());
  } else {
    print_record(shown);
  }
  return is_whole(shown) ? kExitOk : kExitFailed;
}

}  // namespace farm::app
