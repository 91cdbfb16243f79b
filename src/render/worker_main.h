// What the program does when it is started as a worker (argument kWorkerArgument).
#pragma once

namespace farm::render {

// The first argument of such a start. Not for people: a worker without its parent ends at once.
inline constexpr const char* kWorkerArgument = "image-worker";

// `arguments` are those that follow. First thing in main(), before any thread. Returns the exit
// code.
int worker_main(int argument_count, char** arguments);

}  // namespace farm::render
