#include "broker/admin/audit_verification.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <utility>

namespace claviger::admin {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

// One line into `line` without its line feed.
enum class Got : std::uint8_t { Line, End, Torn, TooLong };
Got get_line(std::FILE* file, std::string& line) {
  line.clear();
  for (int character = getc_unlocked(file); character != EOF; character = getc_unlocked(file)) {
    if (character == '\n') return Got::Line;
    if (line.size() == kAuditLineBytesMax) return Got::TooLong;
    line += static_cast<char>(character);
  }
  return line.empty() ? Got::End : Got::Torn;
}

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// Goes through the lines; stops at the first that does not fit.
class ChainCheck {
 public:
  ChainCheck(const crypto::HmacSha256& key, std::optional<AuditHead> head) : key_(key), head_(head) {}

  // False: it does not fit, and the report says why.
  bool add_file(const std::string& path, bool is_last) {
    const File file(std::fopen(path.c_str(), "re"));
    if (!file) return fail(path, 0, "cannot be read");
    std::string line;
    for (std::uint64_t number = 1;; ++number) {  // bounded: by the file
      const Got got = get_line(file.get(), line);
      if (got == Got::End) return true;
      // At the end of the present file a line may just be being written.
      if (got == Got::Torn && is_last && has_reached_head()) return true;
      if (got != Got::Line)
        return fail(path, number, got == Got::Torn ? "the line is cut off" : "the line is too long");
      if (!add_line(path, number, line)) return false;
    }
  }

  bool check_end(const std::string& path) {
    if (!head_ || has_reached_head()) return true;
    return fail(path, lines_,
                "the log ends at entry " + std::to_string(last_.seq) + ", but entry " + std::to_string(head_->seq) +
                    " was written: the end was cut off");
  }

  // What the daemon found once and wrote down, however well the lines since then fit.
  bool check_breaks() {
    if (break_.empty()) return true;
    return fail(break_file_, break_line_, "the daemon found a break before this line: " + break_);
  }

  AuditReport report;

 private:
  bool add_line(const std::string& path, std::uint64_t number, std::string_view line) {
    const auto read = read_line(key_, line);
    if (!read) {
      return fail(path, number,
                  read.error().code == Code::SignatureInvalid ? "the hash does not fit: the line was changed"
                                                              : "not a line of an audit log");
    }
    if (report.entries == 0) {
      report.first_seq = read->head.seq;
      // A rotated log's first line says so; else lines were taken from the front.
      if (read->head.seq != 1 && !read->opens_a_file) return fail(path, number, "entries before this one are missing");
    } else if (read->head.seq != last_.seq + 1 || read->prev != last_.hash) {
      return fail(path, number,
                  "does not follow entry " + std::to_string(last_.seq) + ": lines were removed, added or moved");
    }
    if (!read->break_found.empty() && break_.empty()) {
      break_ = read->break_found;
      break_file_ = path;
      break_line_ = number;
    }
    last_ = read->head;
    lines_ = number;
    ++report.entries;
    report.last_seq = last_.seq;
    if (head_ && last_.seq == head_->seq) {
      if (last_.hash != head_->hash) return fail(path, number, "not the entry that the store remembers");
      is_head_seen_ = true;
    }
    return true;
  }

  // An entry behind the head is one that was durable when the head was not yet in the store.
  bool has_reached_head() const { return head_ && (head_->seq == 0 || is_head_seen_); }

  bool fail(const std::string& path, std::uint64_t line, std::string why) {
    report.bad_file = base_name(path);
    report.bad_line = line;
    report.why = std::move(why);
    return false;
  }

  const crypto::HmacSha256& key_;
  std::optional<AuditHead> head_;
  AuditHead last_;
  std::uint64_t lines_ = 0;
  std::string break_;  // the first one that a line tells of
  std::string break_file_;
  std::uint64_t break_line_ = 0;
  bool is_head_seen_ = false;
};

}  // namespace

AuditReport verify_audit_files(const crypto::HmacSha256& key, const std::vector<std::string>& files,
                               std::optional<AuditHead> head) {
  ChainCheck check(key, head);
  bool is_good = !files.empty();
  for (std::size_t i = 0; i < files.size() && is_good; ++i) is_good = check.add_file(files[i], i + 1 == files.size());
  if (is_good) is_good = check.check_end(files.back());
  if (is_good) is_good = check.check_breaks();
  check.report.is_intact = is_good;
  return std::move(check.report);
}

std::vector<std::string> audit_files_beside(const crypto::HmacSha256& key, const std::string& path) {
  constexpr std::array<std::string_view, 4> kCompressed{".gz", ".xz", ".bz2", ".zst"};
  const std::string own_name(base_name(path));
  const std::string folder = path.substr(0, path.size() - own_name.size());
  std::vector<std::pair<std::uint64_t, std::string>> rotated;  // by the seq of their first lines
  std::error_code failure;
  for (std::filesystem::directory_iterator each(folder.empty() ? "." : folder, failure), end; !failure && each != end;
       each.increment(failure)) {
    const std::string name = each->path().filename().string();
    const bool is_compressed =
        std::ranges::any_of(kCompressed, [&name](std::string_view tail) { return name.ends_with(tail); });
    if (!name.starts_with(own_name) || name == own_name || is_compressed || !each->is_regular_file(failure)) continue;
    std::string file_path = folder;
    file_path += name;
    const File file(std::fopen(file_path.c_str(), "re"));
    std::string line;
    std::uint64_t seq = 0;
    if (file && get_line(file.get(), line) == Got::Line) {
      if (const auto first = read_line(key, line)) seq = first->head.seq;
    }
    rotated.emplace_back(seq, std::move(file_path));
  }
  std::ranges::sort(rotated);
  std::vector<std::string> files;
  for (auto& [seq, file] : rotated) files.push_back(std::move(file));
  files.push_back(path);
  return files;
}

}  // namespace claviger::admin
