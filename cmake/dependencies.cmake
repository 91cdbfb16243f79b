# Every library the rooms use, found once. All of them are Debian packages: tools/packages.txt.
set(Boost_NO_WARN_NEW_VERSIONS ON)
find_package(Boost 1.81 REQUIRED)
find_package(JPEG REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(LibLZMA REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
find_package(PkgConfig REQUIRED)
pkg_check_modules(VIPS REQUIRED IMPORTED_TARGET vips)
pkg_check_modules(HEIF REQUIRED IMPORTED_TARGET libheif)
pkg_check_modules(WEBP REQUIRED IMPORTED_TARGET libwebp)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp)
pkg_check_modules(TURBOJPEG REQUIRED IMPORTED_TARGET libturbojpeg)
find_library(ISAL_LIBRARY isal REQUIRED)
find_library(JEMALLOC_LIBRARY jemalloc)
if(FARM_TESTS)
  # Optional, so that `./run serve` needs no test packages; `./run test` insists on it.
  find_package(GTest QUIET)
  if(NOT GTest_FOUND)
    message(STATUS "GoogleTest is not installed: no C++ tests")
  endif()
  include(GoogleTest)
endif()

# Asio and Beast are compiled once, in io/asio_impl.cpp, and only included for their
# declarations elsewhere.
add_library(farm_asio INTERFACE)
target_compile_definitions(farm_asio INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_REGEX
  # A request nests about eight coroutines: their frames are used again instead of allocated.
  BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE=12)
target_link_libraries(farm_asio INTERFACE Boost::headers Threads::Threads)
