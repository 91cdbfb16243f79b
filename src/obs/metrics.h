// The figures of /metrics, in Prometheus's text format 0.0.4.
//
// Handles (Counter, Gauge, Histogram) are for events up to some thousands a second: uploads,
// syncs, errors. For requests use obs/request_stats.h. Figures that some object keeps anyway are
// read when they are asked for: give their reader to collect().
//
// Thread-safe. Handles live as long as the Metrics they came from.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace farm::obs {

using Label = std::pair<std::string_view, std::string_view>;  // name, value
using Labels = std::initializer_list<Label>;

class Counter {
 public:
  void add(double by = 1) const;  // never negative

 private:
  friend class Metrics;
  explicit Counter(prometheus::Counter& impl) : impl_(&impl) {}
  prometheus::Counter* impl_;
};

class Gauge {
 public:
  void set(double value) const;
  void add(double by) const;

 private:
  friend class Metrics;
  explicit Gauge(prometheus::Gauge& impl) : impl_(&impl) {}
  prometheus::Gauge* impl_;
};

class Histogram {
 public:
  void observe(double value) const;

 private:
  friend class Metrics;
  explicit Histogram(prometheus::Histogram& impl) : impl_(&impl) {}
  prometheus::Histogram* impl_;
};

// What one scrape has gathered so far. Values of one name may come from several readers; the first
// one's help text stands.
class Samples {
 public:
  Samples();
  ~Samples();
  Samples(const Samples&) = delete;
  Samples& operator=(const Samples&) = delete;

  void counter(std::string_view name, std::string_view help, double value, Labels labels = {});
  void gauge(std::string_view name, std::string_view help, double value, Labels labels = {});
  // `counts[i]` are the values above bounds[i-1] up to bounds[i]; the last of them, one more than
  // there are bounds, those above all.
  void histogram(std::string_view name, std::string_view help, std::span<const double> bounds,
                 std::span<const std::uint64_t> counts, double sum, Labels labels = {});

 private:
  friend class Metrics;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class Metrics {
 public:
  // Tells of the process itself from the start: CPU, memory, open files, threads, log lines lost.
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // The metric of that name and labels, made when first asked for. One name is one kind and has
  // one help text; anything else, or a name that is none, is a mistake in the program and ends it.
  Counter counter(std::string_view name, std::string_view help, Labels labels = {});
  Gauge gauge(std::string_view name, std::string_view help, Labels labels = {});
  // `bounds` grow; a value is counted under the first bound it does not exceed.
  Histogram histogram(std::string_view name, std::string_view help, std::vector<double> bounds,
                      Labels labels = {});

  // `read` is called at every scrape, from the scraping thread; what it refers to must outlive the
  // last scrape. Its names must not be those of the metrics above.
  void collect(std::function<void(Samples&)> read);

  std::string scrape() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Bounds for times in seconds, from 0.1 ms to 10 s.
std::vector<double> time_bounds();

}  // namespace farm::obs
