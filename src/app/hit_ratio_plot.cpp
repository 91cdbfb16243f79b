#include "app/hit_ratio_plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string_view>

namespace farm::app {
namespace {

constexpr double kWidth = 760;
constexpr double kHeight = 480;
constexpr double kLeft = 80;
constexpr double kRight = 40;
constexpr double kTop = 100;  // with a legend of one row
constexpr double kLegendTop = 74;
constexpr double kLegendRow = 18;
constexpr double kBottom = 90;
constexpr double kLabelWidth = 62;  // of a size, with the space that it needs beside it
// Colours that differ for colour-blind eyes too: Okabe and Ito, "Color Universal Design", 2008.
constexpr std::array kColours = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                 "#56b4e9", "#e69f00", "#000000"};

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (static_cast<unsigned char>(c) >= 0x20) {
      out += c;
    }
  }
  return out;
}

std::string number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", value);
  return text.data();
}

std::string text_at(double x, double y, const char* attributes, std::string_view text) {
  return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" " + attributes + ">" +
         escaped(text) + "</text>\n";
}

std::string line_to(double x1, double y1, double x2, double y2, const char* attributes) {
  return "<line x1=\"" + number(x1) + "\" y1=\"" + number(y1) + "\" x2=\"" + number(x2) +
         "\" y2=\"" + number(y2) + "\" " + attributes + "/>\n";
}

// Where sizes (on a logarithmic scale) and ratios lie.
class Scale {
 public:
  explicit Scale(const HitRatioPlot& plot) {
    double highest = 0;
    for (const HitRatioLine& line : plot.lines) {
      for (const HitRatioPoint& point : line.points) {
        const double at = std::log(std::max(point.size, 1e-9));
        least_ = any_ ? std::min(least_, at) : at;
        most_ = any_ ? std::max(most_, at) : at;
        any_ = true;
        highest = std::max(highest, point.ratio);
      }
    }
    top_tenths_ = std::clamp(static_cast<int>(std::ceil(highest * 10 + 0.01)), 1, 10);
  }
  double x(double size) const {
    if (most_ <= least_) return (kLeft + kWidth - kRight) / 2;
    const double share = (std::log(std::max(size, 1e-9)) - least_) / (most_ - least_);
    return kLeft + 20 + share * (kWidth - kRight - kLeft - 40);
  }
  double y(double ratio) const {
    return kHeight - kBottom - ratio * 10 / top_tenths_ * (kHeight - kBottom - kTop);
  }
  int top_tenths() const { return top_tenths_; }

 private:
  bool any_ = false;
  double least_ = 0;
  double most_ = 0;
  int top_tenths_ = 1;
};

std::string draw_axes(const HitRatioPlot& plot, const Scale& scale) {
  const double bottom = kHeight - kBottom;
  std::string out;
  for (int tenth = 0; tenth <= scale.top_tenths(); ++tenth) {
    const double y = scale.y(tenth / 10.0);
    out +=
        line_to(kLeft, y, kWidth - kRight, y, tenth == 0 ? "stroke=\"#444\"" : "stroke=\"#ddd\"");
    out += text_at(kLeft - 8, y + 4, "text-anchor=\"end\" font-size=\"12\"",
                   std::to_string(tenth * 10) + " %");
  }
  std::vector<const HitRatioPoint*> sizes;
  for (const HitRatioLine& line : plot.lines) {
    for (const HitRatioPoint& point : line.points) sizes.push_back(&point);
  }
  std::ranges::stable_sort(sizes, {}, &HitRatioPoint::size);
  double free_from = 0;
  double last = -1;
  for (const HitRatioPoint* point : sizes) {
    if (point->size == last) continue;
    last = point->size;
    const double x = scale.x(point->size);
    out += line_to(x, bottom, x, bottom + 5, "stroke=\"#444\"");
    if (x < free_from) continue;
    free_from = x + kLabelWidth;
    out += text_at(x, bottom + 19, "text-anchor=\"middle\" font-size=\"12\"", point->label);
    out += text_at(x, bottom + 34, "text-anchor=\"middle\" font-size=\"11\" fill=\"#666\"",
                   point->sub_label);
  }
  out += text_at((kLeft + kWidth - kRight) / 2, kHeight - 22,
                 "text-anchor=\"middle\" font-size=\"13\"", plot.x_axis);
  const std::string turned = "text-anchor=\"middle\" font-size=\"13\" transform=\"rotate(-90 24 " +
                             number((kTop + bottom) / 2) + ")\"";
  return out + text_at(24, (kTop + bottom) / 2, turned.c_str(), plot.y_axis);
}

std::string draw_line(const HitRatioLine& line, const std::string& colour, const Scale& scale) {
  std::string points;
  std::string dots;
  for (const HitRatioPoint& point : line.points) {
    const std::string x = number(scale.x(point.size));
    const std::string y = number(scale.y(point.ratio));
    for (const std::string_view part : {x.c_str(), ",", y.c_str(), " "}) points += part;
    std::array<char, 16> percent{};
    std::snprintf(percent.data(), percent.size(), "%.1f %%", point.ratio * 100);
    const std::string told = escaped(line.name + ", " + point.label + ": " + percent.data());
    for (const std::string_view part :
         {"<circle cx=\"", x.c_str(), "\" cy=\"", y.c_str(), "\" r=\"3.5\" fill=\"", colour.c_str(),
          "\"><title>", told.c_str(), "</title></circle>\n"}) {
      dots += part;
    }
  }
  return "<polyline points=\"" + points + "\" fill=\"none\" stroke=\"" + colour +
         "\" stroke-width=\"2\"/>\n" + dots;
}

}  // namespace

std::string to_svg(const HitRatioPlot& plot) {
  const Scale scale(plot);
  std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + number(kWidth) +
                    "\" height=\"" + number(kHeight) + "\" viewBox=\"0 0 " + number(kWidth) + " " +
                    number(kHeight) + "\" font-family=\"sans-serif\" fill=\"#222\">\n" +
                    "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n";
  out += text_at(kLeft, 30, "font-size=\"17\" font-weight=\"bold\"", plot.title);
  out += text_at(kLeft, 50, "font-size=\"12\" fill=\"#666\"", plot.subtitle);
  out += draw_axes(plot, scale);
  double legend_x = kLeft;
  double legend_y = kLegendTop;
  for (std::size_t i = 0; i < plot.lines.size(); ++i) {
    const std::string colour = kColours[i % kColours.size()];
    const double wide = 60 + 7.5 * static_cast<double>(plot.lines[i].name.size());
    if (legend_x > kLeft && legend_x + wide > kWidth) {
      legend_x = kLeft;
      legend_y += kLegendRow;
    }
    const std::string stroke = "stroke=\"" + colour + "\" stroke-width=\"3\"";
    out += line_to(legend_x, legend_y, legend_x + 24, legend_y, stroke.c_str());
    out += text_at(legend_x + 30, legend_y + 4, "font-size=\"13\"", plot.lines[i].name);
    legend_x += wide;
    out += draw_line(plot.lines[i], colour, scale);
  }
  return out + "</svg>\n";
}

}  // namespace farm::app
