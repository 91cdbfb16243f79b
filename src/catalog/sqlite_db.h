// SQLite's connections and statements as values that close themselves and fail with farm::Error.
// Nothing here is thread-safe: a connection and its statements belong to one thread at a time.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace farm::catalog {

class Database {
 public:
  enum class Mode { kReadWrite, kRead };

  // The file must exist. `busy_timeout` bounds the wait for another program's lock.
  static Result<Database> open(const std::filesystem::path& file, Mode mode,
                               std::chrono::milliseconds busy_timeout);

  // Any number of statements whose rows are of no interest.
  Result<void> exec(const std::string& sql);
  // The first column of the first row; kNotFound if there is no row.
  Result<std::int64_t> integer(const std::string& sql);
  Result<std::string> text(const std::string& sql);

  bool in_transaction() const;
  std::int64_t changed_rows() const;  // by the last statement
  // What the last call that failed said; `doing` begins the sentence.
  Error error(std::string_view doing) const;

  sqlite3* handle() const { return handle_.get(); }

 private:
  struct Closer {
    void operator()(sqlite3* handle) const;
  };
  explicit Database(sqlite3* handle) : handle_(handle) {}
  std::unique_ptr<sqlite3, Closer> handle_;
};

// SQL that is parsed once and run many times, by Query. Must go before its Database.
class Statement {
 public:
  Statement() = default;  // to be assigned to
  static Result<Statement> prepare(Database& database, std::string_view sql);

 private:
  friend class Query;
  struct Finalizer {
    void operator()(sqlite3_stmt* handle) const;
  };
  explicit Statement(sqlite3_stmt* handle) : handle_(handle) {}
  std::unique_ptr<sqlite3_stmt, Finalizer> handle_;
};

// One run of a statement, which is ready for the next when this goes. Values are bound in the
// order of the statement's parameters and kept by reference; what a row's accessors return is valid
// until the next step.
class Query {
 public:
  explicit Query(Statement& statement) : handle_(statement.handle_.get()) {}
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  Query& bind(std::integral auto number) { return bind_integer(static_cast<std::int64_t>(number)); }
  Query& bind(std::string_view text);
  Query& bind(ByteView blob);
  Query& bind_null();

  // True if there is a row.
  Result<bool> step();
  // To the end.
  Result<void> run();

  std::int64_t integer(int column) const;
  std::string_view text(int column) const;
  ByteView blob(int column) const;

 private:
  Query& bind_integer(std::int64_t number);
  Query& bound(int code);

  sqlite3_stmt* handle_;
  int next_ = 1;
  int bind_error_ = 0;
};

}  // namespace farm::catalog
