// The front of the log: one event with named fields, written as text or JSON by the process's Logger.
//
// One Logger per process, made by main and handed down; any thread may call it, none waits for the disk: lines go
// through a bounded ring whose oldest lines are dropped, and counted, when the writer lags.
// An event is a literal such as "session.start"; a field never holds a secret, a token (use its digest) or a whole
// message of a peer.
#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace claviger {

enum class LogLevel : std::uint8_t { Debug, Info, Warning, Error };

struct LogField {
  template <typename Integer>
  requires std::is_integral_v<Integer> LogField(std::string_view field_name, Integer number)
      : name(field_name), value(static_cast<std::int64_t>(number)) {}
  LogField(std::string_view field_name, std::string_view text) : name(field_name), value(text) {}
  LogField(std::string_view field_name, const char* text) : name(field_name), value(std::string_view(text)) {}
  LogField(std::string_view field_name, const std::string& text) : name(field_name), value(std::string_view(text)) {}

  std::string_view name;
  std::variant<std::string_view, std::int64_t> value;
};

struct LogOptions {
  LogLevel level = LogLevel::Info;
  bool json = false;
  std::string file;  // empty: standard error
};

class Logger {
 public:
  explicit Logger(LogOptions options);
  // Writes nothing: for tests.
  Logger();
  ~Logger();
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  bool wants(LogLevel level) const { return level >= level_.load(std::memory_order_relaxed); }
  LogLevel level() const { return level_.load(std::memory_order_relaxed); }
  void set_level(LogLevel level) { level_.store(level, std::memory_order_relaxed); }

  void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});
  void debug(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::Debug, event, fields);
  }
  void info(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::Info, event, fields);
  }
  void warning(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::Warning, event, fields);
  }
  void error(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::Error, event, fields);
  }

  void flush();
  // The file could not be opened; lines go to standard error instead.
  bool has_lost_file() const { return has_lost_file_; }

 private:
  struct Sink;
  std::unique_ptr<Sink> sink_;
  std::atomic<LogLevel> level_;
  bool json_ = false;
  bool has_lost_file_ = false;
};

// The line that write() hands to the sink, without time and level. Control characters, quotes and bytes that are not
// UTF-8 are escaped: a peer's text cannot forge a line.
std::string format_event(bool json, std::string_view event, std::initializer_list<LogField> fields);

}  // namespace claviger
