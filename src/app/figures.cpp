#include "app/figures.h"

namespace farm::app {
namespace {

double number(std::uint64_t value) { return static_cast<double>(value); }

}  // namespace

void collect_store(const store::StoreStats& stats, obs::Samples& out) {
  out.gauge("photofarm_store_photos", "Photos in the store.", number(stats.photos));
  out.gauge("photofarm_store_live_bytes", "Bytes of records that can be read.",
            number(stats.live_bytes));
  out.gauge("photofarm_store_garbage_bytes", "Bytes of replaced and deleted records on disk.",
            number(stats.garbage_bytes));
  out.gauge("photofarm_store_free_bytes", "Free bytes on the store's disks.",
            number(stats.disk_free_bytes));
  out.gauge("photofarm_store_volumes", "Volume files.", number(stats.volumes));
  out.gauge("photofarm_store_problems", "What /healthz tells of the store.",
            number(stats.problems.size()));
  out.counter("photofarm_store_syncs_total", "fdatasync calls.", number(stats.syncs));
  out.counter("photofarm_store_puts_total", "Records put.", number(stats.puts));
  out.counter("photofarm_store_checksum_errors_total",
              "Bad bytes seen by reads, verify, compaction and scrub.",
              number(stats.checksum_errors));
  out.counter("photofarm_store_compactions_total", "Volumes rewritten without garbage.",
              number(stats.compactions));
  out.counter("photofarm_store_reclaimed_bytes_total", "Bytes given back by that.",
              number(stats.reclaimed_bytes));
  out.counter("photofarm_store_scrubbed_bytes_total", "Bytes read back in the background.",
              number(stats.scrubbed_bytes));
  out.gauge("photofarm_store_oldest_scrub_seconds",
            "Since when every byte was read back or written, in seconds since 1970.",
            static_cast<double>(stats.oldest_scrub_ms) / 1000);
  out.gauge("photofarm_store_checkpoint_seconds",
            "When the index was last written to disk, in seconds since 1970; 0: never.",
            static_cast<double>(stats.checkpoint_ms) / 1000);
  out.gauge("photofarm_store_open", "1 once the store has gone through all volumes.",
            stats.open ? 1 : 0);
}

void collect_pictures(const roles::PictureBudget::Stats& taken, obs::Samples& out) {
  out.gauge("photofarm_image_memory_used_bytes",
            "Memory that the pictures being decoded are estimated to take.",
            number(taken.used_bytes));
  out.gauge("photofarm_image_memory_waiting", "Pictures that wait for memory.",
            number(taken.waiting));
  out.counter("photofarm_image_memory_waits_total", "Pictures that had to wait for memory.",
              number(taken.waited));
  out.counter("photofarm_image_memory_refused_total",
              "Pictures refused because the wait for memory was too long.", number(taken.refused));
}

}  // namespace farm::app
