#include "storage/rocks/log_check.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <vector>

namespace claviger::storage::rocks {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlockBytes = 32'768;
constexpr std::size_t kHeaderBytes = 7;
constexpr std::uint32_t kTypeWhole = 1;
constexpr std::uint32_t kTypeFirst = 2;
constexpr std::uint32_t kTypeMax = 4;

// CRC-32C, eight tables (slicing by 8): some 2 GB/s, so that a log of 256 MiB costs a start a tenth of a second.
using CrcTables = std::array<std::array<std::uint32_t, 256>, 8>;
constexpr CrcTables make_tables() {
  CrcTables tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0x82F63B78U : 0U);
    tables[0][i] = crc;
  }
  for (std::uint32_t i = 0; i < 256; ++i) {
    for (std::size_t t = 1; t < 8; ++t) {
      tables[t][i] = (tables[t - 1][i] >> 8U) ^ tables[0][tables[t - 1][i] & 0xFFU];
    }
  }
  return tables;
}
constexpr CrcTables kTables = make_tables();

std::uint32_t load_le32(Bytes bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = (value << 8U) | std::to_integer<std::uint32_t>(bytes[i]);
  return value;
}

std::uint32_t crc32c(Bytes bytes) {
  std::uint32_t crc = ~0U;
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    const std::uint32_t low = crc ^ load_le32(bytes);
    const std::uint32_t high = load_le32(bytes.subspan(4));
    crc = kTables[7][low & 0xFFU] ^ kTables[6][(low >> 8U) & 0xFFU] ^ kTables[5][(low >> 16U) & 0xFFU] ^
          kTables[4][low >> 24U] ^ kTables[3][high & 0xFFU] ^ kTables[2][(high >> 8U) & 0xFFU] ^
          kTables[1][(high >> 16U) & 0xFFU] ^ kTables[0][high >> 24U];
  }
  for (const std::byte byte : bytes)
    crc = (crc >> 8U) ^ kTables[0][(crc ^ std::to_integer<std::uint32_t>(byte)) & 0xFFU];
  return ~crc;
}

// As RocksDB stores it, so that a checksum of data with checksums in it is no trivial one.
std::uint32_t masked(std::uint32_t crc) { return ((crc >> 15U) | (crc << 17U)) + 0xA282EAD8U; }

struct Part {
  std::size_t size = 0;  // header included; 0: nothing can be read here
  bool begins_record = false;
};
Part part_at(Bytes rest) {
  const std::uint32_t type = std::to_integer<std::uint32_t>(rest[6]);
  const std::size_t size = std::to_integer<std::size_t>(rest[4]) | std::to_integer<std::size_t>(rest[5]) << 8U;
  if (type == 0 || type > kTypeMax || size > rest.size() - kHeaderBytes) return {};
  if (masked(crc32c(rest.subspan(6, 1 + size))) != load_le32(rest)) return {};
  return {kHeaderBytes + size, type == kTypeWhole || type == kTypeFirst};
}

// Behind the first unreadable place sizes cannot be trusted: looked for byte by byte. Later blocks start with a part.
bool has_beginning(Bytes rest) {
  for (; rest.size() >= kHeaderBytes; rest = rest.subspan(1)) {
    if (part_at(rest).begins_record) return true;
  }
  return false;
}

class Mapping {
 public:
  explicit Mapping(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    struct stat status {};
    if (::fstat(fd, &status) == 0) size_ = static_cast<std::size_t>(status.st_size);
    is_open_ = size_ == 0;
    if (size_ != 0) {
      data_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0);
      is_open_ = data_ != MAP_FAILED;
    }
    ::close(fd);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (is_open_ && size_ != 0) ::munmap(data_, size_);
  }
  bool is_open() const { return is_open_; }
  Bytes bytes() const { return {static_cast<const std::byte*>(data_), size_}; }

 private:
  void* data_ = nullptr;
  std::size_t size_ = 0;
  bool is_open_ = false;
};

// None where there is no store yet. Io: a log that cannot be seen is not one that is whole.
Result<std::vector<fs::path>> logs_of(const std::string& directory) {
  std::vector<fs::path> logs;
  std::error_code failure;
  fs::directory_iterator file(directory, failure);
  if (failure == std::errc::no_such_file_or_directory) return logs;
  for (const fs::directory_iterator end; !failure && file != end; file.increment(failure)) {
    if (file->path().extension() == ".log") logs.push_back(file->path());
  }
  if (failure) return Error{Code::Io, "store.log"};
  std::sort(logs.begin(), logs.end());  // numbers of six digits and more; zero-padded
  return logs;
}

}  // namespace

LogVerdict check_log(Bytes content) {
  LogVerdict verdict;
  for (std::size_t block = 0; block < content.size(); block += kBlockBytes) {
    Bytes rest = content.subspan(block, std::min(kBlockBytes, content.size() - block));
    // Fewer bytes than a header are filled with zeros.
    while (rest.size() >= kHeaderBytes) {
      const Part part = part_at(rest);
      // A middle part may belong to the record that was cut off: its pages are written in any order.
      if (part.begins_record) verdict.has_records = true;
      if (part.begins_record && verdict.has_bad_place) verdict.is_rotten = true;
      if (part.size == 0) {
        if (!verdict.has_bad_place) {
          verdict.bad_place = static_cast<std::uint64_t>(rest.data() - content.data());
          verdict.has_bad_place = true;
          verdict.is_rotten = has_beginning(rest.subspan(1));
          verdict.has_records = verdict.has_records || verdict.is_rotten;
        }
        break;
      }
      rest = rest.subspan(part.size);
    }
    if (verdict.is_rotten) return verdict;
  }
  return verdict;
}

Result<Unit> check_logs(const std::string& directory, Logger& logger) {
  std::string torn;  // an earlier log with an unreadable place
  std::uint64_t torn_at = 0;
  CLAVIGER_TRY(logs, logs_of(directory));
  for (const fs::path& path : logs) {
    const Mapping mapping(path);
    if (!mapping.is_open()) return Error{Code::Io, "store.log"};
    const LogVerdict verdict = check_log(mapping.bytes());
    if (verdict.is_rotten || (!torn.empty() && verdict.has_records)) {
      const std::string file = verdict.is_rotten ? path.string() : torn;
      logger.error("store.log_rotten", {{"file", file}, {"offset", verdict.is_rotten ? verdict.bad_place : torn_at}});
      return Error{Code::Corrupt, "store.log"};
    }
    if (verdict.has_bad_place && torn.empty()) {
      torn = path.string();
      torn_at = verdict.bad_place;
    }
  }
  return Unit{};
}

}  // namespace claviger::storage::rocks
