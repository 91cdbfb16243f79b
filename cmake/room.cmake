# precompile(TARGET headers...): for targets with several sources, heavy headers of libraries that
# nearly all of them include. Each source still includes what it uses.
function(precompile TARGET)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_precompile_headers(${TARGET} PRIVATE ${ARGN})
    target_compile_options(${TARGET} PRIVATE -fpch-preprocess)  # for ccache
  endif()
endfunction()

# Of every unit test; and what the sanitizers are told to overlook: faults of libraries, a reason with each.
set(unit_properties TIMEOUT 300 LABELS unit)
if(FARM_SANITIZE MATCHES address)
  list(APPEND unit_properties
       ENVIRONMENT LSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/sanitizers/leaks.txt)
elseif(FARM_SANITIZE MATCHES thread)
  list(APPEND unit_properties
       ENVIRONMENT TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/sanitizers/races.txt)
endif()

# farm_room(NAME USES rooms... LIBS libraries... TEST_LIBS libraries...)
# One folder under src/ is one room: every .cpp in it, or in a folder of it, is the library
# farm_NAME, every *_test.cpp the program farm_NAME_test. USES names the rooms below that it may
# include; the arrows themselves are checked by tests/tidy/layers.py.
function(farm_room NAME)
  cmake_parse_arguments(ROOM "" "" "USES;LIBS;TEST_LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${NAME}/*.cpp
       ${CMAKE_CURRENT_SOURCE_DIR}/${NAME}/*/*.cpp
       ${CMAKE_CURRENT_SOURCE_DIR}/${NAME}/*.c)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(TRANSFORM ROOM_USES PREPEND farm_)
  if(NOT sources)
    add_library(farm_${NAME} INTERFACE)
    return()
  endif()
  add_library(farm_${NAME} STATIC ${sources})
  target_include_directories(farm_${NAME} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(farm_${NAME} PUBLIC ${ROOM_USES} ${ROOM_LIBS})
  if(FARM_TESTS AND GTest_FOUND AND tests)
    add_executable(farm_${NAME}_test ${tests})
    target_link_libraries(farm_${NAME}_test PRIVATE farm_${NAME} ${ROOM_TEST_LIBS}
                          GTest::gmock GTest::gtest_main)
    list(LENGTH tests test_count)
    if(test_count GREATER 3)
      precompile(farm_${NAME}_test <gmock/gmock.h> <gtest/gtest.h>)
    endif()
    gtest_discover_tests(farm_${NAME}_test TEST_PREFIX "${NAME}." DISCOVERY_TIMEOUT 120
                         PROPERTIES ${unit_properties})
  endif()
endfunction()
