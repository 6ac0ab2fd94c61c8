#include "storage/rocks/info_log.h"

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <string_view>

namespace claviger::storage::rocks {
namespace {

// Its lines are some hundred characters; a longer one is cut.
constexpr std::size_t kLineMax = 1024;

class InfoLog final : public rocksdb::Logger {
 public:
  explicit InfoLog(claviger::Logger& logger) : rocksdb::Logger(rocksdb::InfoLogLevel::WARN_LEVEL), logger_(logger) {}

  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    Logv(rocksdb::InfoLogLevel::WARN_LEVEL, format, arguments);
  }
  void Logv(const rocksdb::InfoLogLevel level, const char* format, va_list arguments) override {
    if (level < rocksdb::InfoLogLevel::WARN_LEVEL || level >= rocksdb::InfoLogLevel::HEADER_LEVEL) return;
    std::array<char, kLineMax> line;
    const int size = std::vsnprintf(line.data(), line.size(), format, arguments);
    if (size <= 0) return;
    std::string_view text(line.data(), std::min(static_cast<std::size_t>(size), line.size() - 1));
    while (text.ends_with('\n')) text.remove_suffix(1);
    // What each checkpoint of a serving store says (a backup), though nothing is wrong.
    const bool is_of_checkpoint = text.find("File Deletions ") != std::string_view::npos;
    if (is_of_checkpoint)
      logger_.debug("store.rocksdb", {{"line", text}});
    else if (level == rocksdb::InfoLogLevel::WARN_LEVEL)
      logger_.warning("store.rocksdb", {{"line", text}});
    else
      logger_.error("store.rocksdb", {{"line", text}});
  }

 private:
  claviger::Logger& logger_;
};

}  // namespace

std::shared_ptr<rocksdb::Logger> make_info_log(Logger& logger) { return std::make_shared<InfoLog>(logger); }

}  // namespace claviger::storage::rocks
