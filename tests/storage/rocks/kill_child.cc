// The process that kill_test.cc kills: keeps books on two shards and reports each acknowledged transfer on descriptor 3,
// one line of two numbers in one write, the moment it is acknowledged.
//
//   storage_kill_child DIRECTORY ROUND SEED
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "storage/rocks/engine.h"
#include "tests/storage/rocks/books.h"

namespace claviger::storage {
namespace {

constexpr int kReport = 3;
constexpr std::size_t kClerksPerShard = 32;

void report(std::uint64_t id, std::uint64_t sequence) {
  std::array<char, 48> line;
  const int size = std::snprintf(line.data(), line.size(), "%llu %llu\n", static_cast<unsigned long long>(id),
                                 static_cast<unsigned long long>(sequence));
  // The reader may have gone: then nobody counts on it.
  if (::write(kReport, line.data(), static_cast<std::size_t>(size)) != size) std::_Exit(1);
}

Task<void> open_and_keep(Books* books, std::uint64_t first_id, unsigned seed) {
  const auto opened = co_await books->open();
  CLAVIGER_ASSERT(opened.has_value());
  for (std::size_t clerk = 0; clerk < kClerksPerShard; ++clerk) {
    runtime::Shard::current().scope().spawn(
        books->keep(first_id + (clerk << 24U), seed + static_cast<unsigned>(clerk) * 1'000'003U));
  }
}

int run(const std::string& directory, std::uint64_t round, unsigned seed) {
  SystemClock clock;
  Logger logger(LogOptions{LogLevel::Warning, false, ""});
  runtime::Shards shards(2, clock, logger, SipKey{1, 2});
  rocks::Options options;
  options.directory = directory;
  options.tables = Books::tables();
  options.block_cache_bytes = 8U << 20U;
  options.memtable_bytes = 1U << 20U;
  auto store = rocks::open(std::move(options), shards, clock, logger);
  if (!store) return 2;
  std::array<std::unique_ptr<Books>, 2> books;
  for (std::size_t i = 0; i < books.size(); ++i) {
    books[i] = std::make_unique<Books>(**store, &report);
    const std::uint64_t first_id = (round << 40U) + (static_cast<std::uint64_t>(i) << 36U);
    shards[i].mailbox().post_control([one = books[i].get(), first_id, own = seed + static_cast<unsigned>(i)] {
      runtime::Shard::current().scope().spawn(open_and_keep(one, first_id, own));
    });
  }
  shards.start();
  shards.join();  // never: the parent kills us
  return 0;
}

}  // namespace
}  // namespace claviger::storage

int main(int argc, char** argv) {
  if (argc != 4) return 64;
  return claviger::storage::run(argv[1], std::strtoull(argv[2], nullptr, 10),
                                static_cast<unsigned>(std::strtoul(argv[3], nullptr, 10)));
}
