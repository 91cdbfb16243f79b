// A drawing of hit ratios by cache size, a line a policy, as SVG 1.1. Pure.
#pragma once

#include <string>
#include <vector>

namespace farm::app {

struct HitRatioPoint {
  double size = 0;        // bytes or objects, above 0
  std::string label;      // of the size
  std::string sub_label;  // below it: the share of the footprint
  double ratio = 0;       // 0 to 1
};

struct HitRatioLine {
  std::string name;
  std::vector<HitRatioPoint> points;  // by size, smallest first
};

struct HitRatioPlot {
  std::string title;
  std::string subtitle;
  std::string x_axis;
  std::string y_axis;
  std::vector<HitRatioLine> lines;
};

std::string to_svg(const HitRatioPlot& plot);

}  // namespace farm::app
