// The commands of farm_edge_bench that put load on a server, for bench/edge.py. Each prints JSON,
// an object a line.
#pragma once

#include <string>

#include "load.h"

namespace farm::bench {

struct ConnectionsOptions {
  LoadOptions load;
  double rate = 1000;  // requests a second, by all connections together
  double seconds = 10;
};

// Opens all connections and lets each ask for one object, then says so and holds still until it is
// given a line, so that the server's memory can be looked at. Then the connections ask in turn, at
// the rate, whatever the server does: a request that cannot be sent when it is due because the
// connection still waits for the response before counts from when it was due all the same.
void measure_connections(const ConnectionsOptions& options);

struct TurnsOptions {
  LoadOptions load;
  double seconds = 10;
};

// Each connection asks for the next object as soon as it has the one before, for that long.
void measure_turns(const TurnsOptions& options);

struct SlowOptions {
  LoadOptions load;
  double bytes_a_second = 4;  // that each reads
  double over_s = 1;          // the time in which they begin, one after the other
};

// Opens all connections with small receive buffers; each asks for one object, and when all have
// they read it that slowly, until a line is given.
void read_slowly(const SlowOptions& options);

struct StampedeOptions {
  LoadOptions load;
  std::string expected;  // a file: what they must get
  double patience_s = 60;
};

// All ask for the first path at once, and compare what they get.
void stampede(const StampedeOptions& options);

}  // namespace farm::bench
