#include "obs/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <limits>
#include <map>
#include <mutex>

#include "obs/process_metrics.h"

namespace farm::obs {
namespace {

prometheus::Labels to_map(Labels labels) {
  prometheus::Labels map;
  for (const auto& [name, value] : labels) map.emplace(name, value);
  return map;
}

std::vector<prometheus::ClientMetric::Label> to_list(Labels labels) {
  std::vector<prometheus::ClientMetric::Label> list;
  for (const auto& [name, value] : labels) list.push_back({std::string(name), std::string(value)});
  return list;
}

[[noreturn]] void end_over(std::string_view name, const char* why) {
  std::fprintf(stderr, "photofarm: metric %.*s: %s\n", static_cast<int>(name.size()), name.data(),
               why);
  std::abort();
}

// prometheus-cpp throws where a name is used twice in different ways.
template <class Builder, class... Args>
auto& make_metric(Builder builder, prometheus::Registry& registry, std::string_view name,
                  std::string_view help, Labels labels, Args&&... args) {
  try {
    auto& family = builder.Name(std::string(name)).Help(std::string(help)).Register(registry);
    return family.Add(to_map(labels), std::forward<Args>(args)...);
  } catch (const std::exception& mistake) {
    end_over(name, mistake.what());
  }
}

}  // namespace

void Counter::add(double by) const { impl_->Increment(by); }
void Gauge::set(double value) const { impl_->Set(value); }
void Gauge::add(double by) const { impl_->Increment(by); }
void Histogram::observe(double value) const { impl_->Observe(value); }

struct Samples::Impl {
  std::map<std::string, prometheus::MetricFamily, std::less<>> families;

  prometheus::ClientMetric& add(std::string_view name, std::string_view help,
                                prometheus::MetricType type, Labels labels) {
    prometheus::MetricFamily& family = families[std::string(name)];
    if (family.metric.empty()) {
      family.name = name;
      family.help = help;
      family.type = type;
    }
    family.metric.emplace_back().label = to_list(labels);
    return family.metric.back();
  }
};

Samples::Samples() : impl_(std::make_unique<Impl>()) {}
Samples::~Samples() = default;

void Samples::counter(std::string_view name, std::string_view help, double value, Labels labels) {
  impl_->add(name, help, prometheus::MetricType::Counter, labels).counter.value = value;
}

void Samples::gauge(std::string_view name, std::string_view help, double value, Labels labels) {
  impl_->add(name, help, prometheus::MetricType::Gauge, labels).gauge.value = value;
}

void Samples::histogram(std::string_view name, std::string_view help,
                        std::span<const double> bounds, std::span<const std::uint64_t> counts,
                        double sum, Labels labels) {
  auto& histogram = impl_->add(name, help, prometheus::MetricType::Histogram, labels).histogram;
  std::uint64_t so_far = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    so_far += counts[i];
    const double bound = i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity();
    histogram.bucket.push_back({so_far, bound});
  }
  histogram.sample_count = so_far;
  histogram.sample_sum = sum;
}

struct Metrics::Impl {
  prometheus::Registry registry;
  std::mutex mutex;
  std::vector<std::function<void(Samples&)>> readers;
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) { collect(collect_process_metrics); }
Metrics::~Metrics() = default;

Counter Metrics::counter(std::string_view name, std::string_view help, Labels labels) {
  return Counter(make_metric(prometheus::BuildCounter(), impl_->registry, name, help, labels));
}

Gauge Metrics::gauge(std::string_view name, std::string_view help, Labels labels) {
  return Gauge(make_metric(prometheus::BuildGauge(), impl_->registry, name, help, labels));
}

Histogram Metrics::histogram(std::string_view name, std::string_view help,
                             std::vector<double> bounds, Labels labels) {
  return Histogram(make_metric(prometheus::BuildHistogram(), impl_->registry, name, help, labels,
                               std::move(bounds)));
}

void Metrics::collect(std::function<void(Samples&)> read) {
  const std::lock_guard lock(impl_->mutex);
  impl_->readers.push_back(std::move(read));
}

std::string Metrics::scrape() const {
  std::vector<std::function<void(Samples&)>> readers;
  {
    const std::lock_guard lock(impl_->mutex);
    readers = impl_->readers;
  }
  Samples samples;
  for (const auto& read : readers) read(samples);
  std::vector<prometheus::MetricFamily> families = impl_->registry.Collect();
  for (auto& [name, family] : samples.impl_->families) families.push_back(std::move(family));
  return prometheus::TextSerializer().Serialize(families);
}

std::vector<double> time_bounds() {
  return {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
          0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    10};
}

}  // namespace farm::obs
