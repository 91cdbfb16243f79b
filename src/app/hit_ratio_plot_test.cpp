#include "app/hit_ratio_plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace farm::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

HitRatioPlot plot() {
  return {.title = "Requests <answered> & more",
          .subtitle = "trace",
          .x_axis = "size",
          .y_axis = "ratio",
          .lines = {{"S3-FIFO",
                     {{1000, "1 KB", "1 %", 0.2},
                      {1010, "1.01 KB", "1.01 %", 0.3},
                      {100'000, "100 KB", "100 %", 0.45}}},
                    {"LRU", {{1000, "1 KB", "1 %", 0.1}}}}};
}

TEST(HitRatioPlotTest, DrawsALineAPolicy) {
  const std::string svg = to_svg(plot());
  EXPECT_THAT(svg, HasSubstr("Requests &lt;answered&gt; &amp; more"));
  for (const char* text :
       {">S3-FIFO<", ">LRU<", ">1 KB<", ">100 KB<", ">100 %<", ">50 %<", ">0 %<"}) {
    EXPECT_THAT(svg, HasSubstr(text));
  }
  EXPECT_THAT(svg, Not(HasSubstr(">60 %<")));
  // Beside the label of 1 KB there is no room for it.
  EXPECT_THAT(svg, Not(HasSubstr(">1.01 KB<")));
}

TEST(HitRatioPlotTest, ManyLinesHaveALegendOfSeveralRows) {
  HitRatioPlot many = plot();
  many.lines.clear();
  for (int i = 0; i < 6; ++i) {
    many.lines.push_back(
        {"S3-FIFO, " + std::to_string(i) + " GB memory", {{1000, "1 KB", "1 %", 0.1}}});
  }
  const std::string svg = to_svg(many);
  EXPECT_THAT(svg, HasSubstr("y=\"78.0\" font-size=\"13\">S3-FIFO, 0 GB"));
  EXPECT_THAT(svg, HasSubstr("y=\"96.0\" font-size=\"13\">S3-FIFO, 3 GB"));
}

TEST(HitRatioPlotTest, IsNeverWithoutNumbers) {
  HitRatioPlot one = plot();
  one.lines = {{"LRU", {{5, "5", "1 %", 0}}}, {"none", {}}};
  for (const HitRatioPlot& drawn : {one, HitRatioPlot{}}) {
    EXPECT_THAT(to_svg(drawn), Not(HasSubstr("nan")));
    EXPECT_THAT(to_svg(drawn), Not(HasSubstr("inf")));
  }
}

}  // namespace
}  // namespace farm::app
