#include "obs/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "obs/request_stats.h"

namespace farm::obs {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(MetricsTest, CountersGaugesAndHistogramsAreScraped) {
  Metrics metrics;
  const Counter uploads = metrics.counter("photofarm_uploads_total", "Uploads", {{"kind", "jpg"}});
  uploads.add();
  uploads.add(2);
  const Gauge queue = metrics.gauge("photofarm_queue", "Waiting");
  queue.set(5);
  queue.add(-1);
  metrics.histogram("photofarm_stage_seconds", "Stages", {0.1, 1}, {{"stage", "render"}})
      .observe(0.5);
  const std::string text = metrics.scrape();
  EXPECT_THAT(text, HasSubstr("# HELP photofarm_uploads_total Uploads\n"
                              "# TYPE photofarm_uploads_total counter\n"
                              "photofarm_uploads_total{kind=\"jpg\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("photofarm_queue 4\n"));
  EXPECT_THAT(text, HasSubstr("photofarm_stage_seconds_bucket{stage=\"render\",le=\"0.1\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("photofarm_stage_seconds_bucket{stage=\"render\",le=\"1\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("photofarm_stage_seconds_bucket{stage=\"render\",le=\"+Inf\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("photofarm_stage_seconds_sum{stage=\"render\"} 0.5\n"));
}

TEST(MetricsTest, TheSameNameAndLabelsAreTheSameMetric) {
  Metrics metrics;
  metrics.counter("photofarm_x_total", "X", {{"a", "1"}}).add();
  metrics.counter("photofarm_x_total", "X", {{"a", "1"}}).add();
  metrics.counter("photofarm_x_total", "X", {{"a", "2"}}).add();
  const std::string text = metrics.scrape();
  EXPECT_THAT(text, HasSubstr("photofarm_x_total{a=\"1\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("photofarm_x_total{a=\"2\"} 1\n"));
}

TEST(MetricsDeathTest, AnotherKindUnderTheSameNameEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Metrics metrics;
  metrics.counter("photofarm_x_total", "X");
  EXPECT_DEATH(metrics.gauge("photofarm_x_total", "X"), "metric photofarm_x_total");
}

TEST(MetricsTest, ReadersAreAskedAtEveryScrape) {
  Metrics metrics;
  double photos = 1;
  metrics.collect([&](Samples& out) {
    out.gauge("photofarm_photos", "Photos", photos, {{"disk", "a"}});
    out.counter("photofarm_syncs_total", "Syncs", photos * 2);
  });
  metrics.collect([&](Samples& out) {
    out.gauge("photofarm_photos", "Photos", photos, {{"disk", "b"}});
  });
  EXPECT_THAT(metrics.scrape(), HasSubstr("photofarm_photos{disk=\"a\"} 1\n"
                                          "photofarm_photos{disk=\"b\"} 1\n"));
  photos = 123456789012;
  EXPECT_THAT(metrics.scrape(), HasSubstr("photofarm_photos{disk=\"a\"} 123456789012\n"));
}

TEST(MetricsTest, LabelsAreEscaped) {
  Metrics metrics;
  metrics.gauge("photofarm_g", "G", {{"path", "a\"b\\c\nd"}}).set(1);
  EXPECT_THAT(metrics.scrape(), HasSubstr("photofarm_g{path=\"a\\\"b\\\\c\\nd\"} 1\n"));
}

TEST(MetricsTest, TellsOfTheProcess) {
  const std::string text = Metrics().scrape();
  for (const char* name :
       {"process_cpu_seconds_total ", "process_resident_memory_bytes ", "process_open_fds ",
        "process_max_fds ", "process_threads ", "process_start_time_seconds ",
        "process_virtual_memory_bytes ", "photofarm_log_lines_dropped_total "}) {
    EXPECT_THAT(text, HasSubstr(std::string("\n") + name)) << name;
  }
  EXPECT_THAT(text, Not(HasSubstr("process_resident_memory_bytes 0\n")));
}

std::string scrape(const RequestStats& stats) {
  Metrics metrics;
  metrics.collect([&](Samples& out) { stats.collect(out); });
  return metrics.scrape();
}

TEST(RequestStatsTest, AddsUpTheShards) {
  using std::chrono::milliseconds;
  RequestStats stats({"view", "upload"}, 2);
  stats.record(0, 0, 200, 1000, milliseconds(3));
  stats.record(1, 0, 200, 500, milliseconds(30));
  stats.record(1, 0, 404, 9, milliseconds(0));
  stats.record(0, 1, 201, 77, std::chrono::seconds(60));
  const std::string text = scrape(stats);
  EXPECT_THAT(text, HasSubstr("photofarm_http_requests_total{route=\"view\",status=\"200\"} 2\n"));
  EXPECT_THAT(
      text, HasSubstr("photofarm_http_response_bytes_total{route=\"view\",status=\"200\"} 1500\n"));
  EXPECT_THAT(text,
              HasSubstr("photofarm_http_requests_total{route=\"upload\",status=\"201\"} 1\n"));
  const std::string bucket = "photofarm_http_request_seconds_bucket{route=\"view\",class=\"2xx\",";
  EXPECT_THAT(text, HasSubstr(bucket + "le=\"0.0025\"} 0\n"));
  EXPECT_THAT(text, HasSubstr(bucket + "le=\"0.005\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(bucket + "le=\"0.05\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("{route=\"upload\",class=\"2xx\",le=\"10\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("{route=\"upload\",class=\"2xx\",le=\"+Inf\"} 1\n"));
}

TEST(RequestStatsTest, ABoundBelongsToItsBucket) {
  RequestStats stats({"view"}, 1);
  stats.record(0, 0, 200, 0, std::chrono::milliseconds(1));
  const std::string text = scrape(stats);
  EXPECT_THAT(text, HasSubstr("le=\"0.0005\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("le=\"0.001\"} 1\n"));
}

TEST(RequestStatsTest, RareStatusesCountAsTheirClass) {
  RequestStats stats({"view"}, 1);
  for (const unsigned status : {418U, 451U}) stats.record(0, 0, status, 0, {});
  for (const unsigned odd : {0U, 99U}) stats.record(0, 0, odd, 0, {});
  for (const unsigned odd : {599U, 600U, 100000U}) stats.record(0, 0, odd, 0, {});
  const std::string text = scrape(stats);
  EXPECT_THAT(text, HasSubstr("{route=\"view\",status=\"4xx\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("{route=\"view\",status=\"1xx\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("{route=\"view\",status=\"5xx\"} 3\n"));
}

TEST(RequestStatsTest, NothingSeenIsNothingSaid) {
  EXPECT_THAT(scrape(RequestStats({"view"}, 1)), Not(HasSubstr("photofarm_http")));
}

TEST(RequestStatsTest, CountsEveryRequestOfEveryThread) {
  constexpr int kThreads = 4;
  constexpr int kRequests = 20000;
  RequestStats stats({"view"}, 2);  // two threads a shard: still exact
  std::atomic<bool> done{false};
  std::thread scraper([&] {
    while (!done) scrape(stats);
  });
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&stats, t] {
      for (int i = 0; i < kRequests; ++i)
        stats.record(t % 2, 0, 200, 1, std::chrono::nanoseconds(i));
    });
  }
  for (auto& thread : threads) thread.join();
  done = true;
  scraper.join();
  EXPECT_THAT(scrape(stats),
              HasSubstr("photofarm_http_requests_total{route=\"view\",status=\"200\"} 80000\n"));
}

}  // namespace
}  // namespace farm::obs
