#include "core/base/log.h"

#include "core/base/log_batch.h"
#include "core/base/log_look.h"

#include <spdlog/async.h>
#include <spdlog/details/file_helper.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <utility>

namespace claviger {
namespace {

// 8192 lines of some 200 bytes; beyond that a burst costs its oldest lines, not the loop's time.
constexpr std::size_t kLogRingLines = 8192;

// How long the writer rests when it has written all there is: without it each line of a busy broker wakes it anew, which costs
// the shard that wrote it more than the line does. The ring holds what comes meanwhile many times over.
constexpr std::chrono::milliseconds kRest{5};

constexpr std::string_view kLevelNames[] = {"debug", "info", "warning", "error"};

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::Debug:
      return spdlog::level::debug;
    case LogLevel::Info:
      return spdlog::level::info;
    case LogLevel::Warning:
      return spdlog::level::warn;
    case LogLevel::Error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

// Everything outside printable ASCII becomes an escape, so that neither format can be broken from inside.
void append_escaped(std::string& out, std::string_view text) {
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte == '"' || byte == '\\') {
      out += '\\';
      out += character;
    } else if (byte < 0x20 || byte > 0x7e) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", byte);
      out += escape;
    } else {
      out += character;
    }
  }
}

// The log's file. Whoever renames or deletes it gets a new one a second later at most: logrotate and its like need
// nobody's help. On the writer's thread alone.
class FileSink final : public spdlog::sinks::sink {
 public:
  // Throws when the file cannot be opened.
  explicit FileSink(std::string path)
      : path_(std::move(path)), formatter_(std::make_unique<spdlog::pattern_formatter>()) {
    open();
  }
  void log(const spdlog::details::log_msg& line) override {
    if (look_.is_due(std::chrono::steady_clock::now())) look();
    spdlog::memory_buf_t text;
    formatter_->format(line, text);
    file_->write(text);
  }
  void flush() override { file_->flush(); }
  void set_pattern(const std::string& pattern) override {
    formatter_ = std::make_unique<spdlog::pattern_formatter>(pattern);
  }
  void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override { formatter_ = std::move(formatter); }

 private:
  void open() {
    auto file = std::make_unique<spdlog::details::file_helper>();
    file->open(path_, false);
    file_ = std::move(file);
    struct stat status {};
    is_known_ = ::stat(path_.c_str(), &status) == 0;
    device_ = status.st_dev;
    inode_ = status.st_ino;
  }
  void look() {
    struct stat status {};
    const bool is_there = ::stat(path_.c_str(), &status) == 0;
    if (is_known_ && is_there && status.st_dev == device_ && status.st_ino == inode_) return;
    try {
      open();
    } catch (const spdlog::spdlog_ex&) {
      // It goes on in the old one, and is tried again: no line is lost for it.
      is_known_ = false;
    }
  }

  const std::string path_;
  std::unique_ptr<spdlog::formatter> formatter_;
  std::unique_ptr<spdlog::details::file_helper> file_;
  LogLook look_;
  bool is_known_ = false;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

// On the writer's thread: the sink, flushed as log_batch.h has it, and a rest when nothing more waits.
class RestingSink final : public spdlog::sinks::sink {
 public:
  RestingSink(std::shared_ptr<spdlog::sinks::sink> inner, spdlog::details::thread_pool& pool)
      : sink_(std::move(inner)), pool_(pool) {}
  void log(const spdlog::details::log_msg& line) override {
    sink_->log(line);
    batch_.add(line.level >= spdlog::level::warn);
  }
  // After each line.
  void flush() override {
    const bool are_more_waiting = pool_.queue_size() != 0;
    if (!batch_.is_due(are_more_waiting)) return;
    sink_->flush();
    batch_.flushed();
    if (are_more_waiting) return;
    std::unique_lock lock(mutex_);
    ends_.wait_for(lock, kRest, [this] { return is_ending_; });
  }
  void set_pattern(const std::string& pattern) override { sink_->set_pattern(pattern); }
  void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override {
    sink_->set_formatter(std::move(formatter));
  }

  // Any thread: it rests no more.
  void end() {
    {
      const std::scoped_lock lock(mutex_);
      is_ending_ = true;
    }
    ends_.notify_one();
  }

 private:
  std::shared_ptr<spdlog::sinks::sink> sink_;
  spdlog::details::thread_pool& pool_;  // whose thread calls, so it is there
  LogBatch batch_;
  std::mutex mutex_;
  std::condition_variable ends_;
  bool is_ending_ = false;
};

}  // namespace

std::string format_event(bool json, std::string_view event, std::initializer_list<LogField> fields) {
  std::string line;
  line += json ? "\"event\":\"" : "";
  append_escaped(line, event);
  if (json) line += '"';
  for (const LogField& field : fields) {
    line += json ? ",\"" : " ";
    append_escaped(line, field.name);
    line += json ? "\":" : "=";
    if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
      line += std::to_string(*number);
    } else {
      line += '"';
      append_escaped(line, *std::get_if<std::string_view>(&field.value));
      line += '"';
    }
  }
  return line;
}

struct Logger::Sink {
  ~Sink() {
    if (resting) resting->end();
  }
  std::shared_ptr<spdlog::details::thread_pool> pool;
  std::shared_ptr<RestingSink> resting;
  std::shared_ptr<spdlog::logger> logger;
};

Logger::Logger() : level_(LogLevel::Error) {}

Logger::Logger(LogOptions options) : sink_(std::make_unique<Sink>()), level_(options.level), json_(options.json) {
  std::shared_ptr<spdlog::sinks::sink> sink;
  if (options.file.empty()) {
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  } else {
    // Where the file cannot be written, lines go where somebody may see them: the log is no reason not to serve.
    try {
      sink = std::make_shared<FileSink>(options.file);
    } catch (const spdlog::spdlog_ex&) {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
      has_lost_file_ = true;
    }
  }
  sink_->pool = std::make_shared<spdlog::details::thread_pool>(kLogRingLines, 1);
  sink_->resting = std::make_shared<RestingSink>(std::move(sink), *sink_->pool);
  sink_->logger = std::make_shared<spdlog::async_logger>("claviger", sink_->resting, sink_->pool,
                                                         spdlog::async_overflow_policy::overrun_oldest);
  sink_->logger->set_level(spdlog::level::trace);
  sink_->logger->set_pattern(json_ ? "{\"time\":\"%Y-%m-%dT%H:%M:%S.%e%z\",%v}" : "%Y-%m-%dT%H:%M:%S.%e%z %v");
  sink_->logger->flush_on(spdlog::level::debug);
}

Logger::~Logger() { flush(); }

void Logger::write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (!sink_ || !wants(level)) return;
  const std::string_view name = kLevelNames[static_cast<std::size_t>(level)];
  std::string line = json_ ? "\"level\":\"" : "";
  line += name;
  line += json_ ? "\"," : " ";
  line += format_event(json_, event, fields);
  sink_->logger->log(spdlog_level(level), "{}", line);
}

void Logger::flush() {
  if (sink_) sink_->logger->flush();
}

}  // namespace claviger
