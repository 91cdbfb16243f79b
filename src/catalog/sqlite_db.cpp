#include "catalog/sqlite_db.h"

#include <sqlite3.h>

#include <cerrno>

namespace farm::catalog {
namespace {

// SQLITE_CONSTRAINT_UNIQUE and _PRIMARYKEY mean "is there already"; CHECK, NOT NULL and the others
// a value that should not have come this far.
ErrorCode constraint_code(int extended) {
  const bool taken = extended == SQLITE_CONSTRAINT_UNIQUE ||
                     extended == SQLITE_CONSTRAINT_PRIMARYKEY ||
                     extended == SQLITE_CONSTRAINT_ROWID;
  return taken ? ErrorCode::kConflict : ErrorCode::kInvalidArgument;
}

ErrorCode code_of(int extended, int system_error) {
  switch (extended & 0xff) {
    case SQLITE_FULL:
      return ErrorCode::kNoSpace;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      return system_error == ENOSPC || system_error == EDQUOT ? ErrorCode::kNoSpace
                                                              : ErrorCode::kIo;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ErrorCode::kCorrupt;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ErrorCode::kBusy;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return ErrorCode::kForbidden;
    case SQLITE_CONSTRAINT:
      return constraint_code(extended);
    case SQLITE_TOOBIG:
      return ErrorCode::kTooLarge;
    default:
      return ErrorCode::kInternal;
  }
}

Error make_sqlite_error(sqlite3* handle, int extended, std::string_view doing) {
  const ErrorCode code = code_of(extended, sqlite3_system_errno(handle));
  const char* file = sqlite3_db_filename(handle, "main");
  const std::string name = file == nullptr ? "the catalog" : file;
  std::string context(doing);
  context.append(": ").append(sqlite3_errmsg(handle)).append(" (").append(name).append(")");
  if (code == ErrorCode::kCorrupt) {
    context
        .append(
            "; the file is damaged or no catalog: stop photofarm, move it and its -wal file "
            "aside, and restore ")
        .append(name)
        .append(" from a backup");
  }
  return make_error(code, "catalog", std::move(context));
}

// "INSERT INTO photo" of the whole statement, for messages. Values are never part of it.
std::string head_of(std::string_view sql) {
  std::string_view head = sql.substr(0, sql.find_first_of("(;\n?"));
  while (!head.empty() && head.back() == ' ') head.remove_suffix(1);
  return std::string(head.substr(0, 60));
}

}  // namespace

void Database::Closer::operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }

Result<Database> Database::open(const std::filesystem::path& file, Mode mode,
                                std::chrono::milliseconds busy_timeout) {
  // NOMUTEX: the connection is never used by two threads at once, so it needs no lock of its own.
  const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (mode == Mode::kRead ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &handle, flags, nullptr);
  if (handle == nullptr) return fail(ErrorCode::kInternal, "catalog", "no memory to open it");
  Database database(handle);
  if (code != SQLITE_OK) return fail(database.error("cannot open"));
  sqlite3_busy_timeout(handle, static_cast<int>(busy_timeout.count()));
  // A file that somebody tampered with must not make us run functions or write into odd places.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return database;
}

Result<void> Database::exec(const std::string& sql) {
  if (sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return ok();
  return fail(error("cannot run " + head_of(sql)));
}

Result<std::int64_t> Database::integer(const std::string& sql) {
  FARM_TRY(Statement statement, Statement::prepare(*this, sql));
  Query query(statement);
  FARM_TRY(const bool row, query.step());
  if (!row) return fail(ErrorCode::kNotFound, "catalog", sql);
  return query.integer(0);
}

Result<std::string> Database::text(const std::string& sql) {
  FARM_TRY(Statement statement, Statement::prepare(*this, sql));
  Query query(statement);
  FARM_TRY(const bool row, query.step());
  if (!row) return fail(ErrorCode::kNotFound, "catalog", sql);
  return std::string(query.text(0));
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }

std::int64_t Database::changed_rows() const { return sqlite3_changes64(handle_.get()); }

Error Database::error(std::string_view doing) const {
  return make_sqlite_error(handle_.get(), sqlite3_extended_errcode(handle_.get()), doing);
}

void Statement::Finalizer::operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }

Result<Statement> Statement::prepare(Database& database, std::string_view sql) {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(database.handle(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  if (code != SQLITE_OK) return fail(database.error("cannot prepare " + head_of(sql)));
  return Statement(handle);
}

Query::~Query() {
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
}

Query& Query::bound(int code) {
  if (bind_error_ == SQLITE_OK) bind_error_ = code;
  ++next_;
  return *this;
}

Query& Query::bind_integer(std::int64_t number) {
  return bound(sqlite3_bind_int64(handle_, next_, number));
}

// An empty view may have a null pointer, which SQLite would take for NULL.
Query& Query::bind(std::string_view text) {
  return bound(sqlite3_bind_text64(handle_, next_, text.empty() ? "" : text.data(), text.size(),
                                   SQLITE_STATIC, SQLITE_UTF8));
}

Query& Query::bind(ByteView blob) {
  if (blob.empty()) return bound(sqlite3_bind_zeroblob(handle_, next_, 0));
  return bound(sqlite3_bind_blob64(handle_, next_, blob.data(), blob.size_bytes(), SQLITE_STATIC));
}

Query& Query::bind_null() { return bound(sqlite3_bind_null(handle_, next_)); }

Result<bool> Query::step() {
  sqlite3* database = sqlite3_db_handle(handle_);
  if (bind_error_ != SQLITE_OK) {
    return fail(make_sqlite_error(database, bind_error_, "cannot bind a value"));
  }
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return fail(make_sqlite_error(database, code, "cannot run " + head_of(sqlite3_sql(handle_))));
}

Result<void> Query::run() {
  for (;;) {
    FARM_TRY(const bool row, step());
    if (!row) return ok();
  }
}

std::int64_t Query::integer(int column) const { return sqlite3_column_int64(handle_, column); }

std::string_view Query::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

ByteView Query::blob(int column) const {
  const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(handle_, column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

}  // namespace farm::catalog
