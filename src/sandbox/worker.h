// The worker's side: what a program runs that was started as one.
#pragma once

#include <functional>

#include "base/bytes.h"
#include "base/result.h"

namespace farm::sandbox {

struct Work {
  // Before the door closes: loads and initialises whatever opens files or starts for the first
  // time (libraries, codecs, tables), and stays allowed to do so. An error ends the worker.
  std::function<Result<void>()> warm_up;
  // A job: request in, answer out. The request is shared memory that nobody writes while it is
  // looked at. std::bad_alloc tells the parent that memory ran out; any other exception, that the
  // job failed.
  std::function<Bytes(ByteView request)> handle;
};

// Locks the process down and works until the parent ends it or goes away. To be called first thing
// in main(), before any thread is made, in a process that a Pool started: it takes the pool's
// descriptors. `arguments` are those after the pool's own (Config::arguments). Returns the exit
// code.
int worker_main(int argument_count, char** arguments, const Work& work);

}  // namespace farm::sandbox
