#include "tests/storage/rocks/books.h"

#include <random>

namespace claviger::storage {
namespace {

std::string account_key(std::uint32_t account) { return "account/" + std::to_string(100 + account); }

std::string journal_key(std::uint64_t id) {
  std::string key(8, '\0');
  store_be(std::as_writable_bytes(std::span(key)), id);
  return key;
}

struct Entry {
  std::uint32_t from;
  std::uint32_t to;
  std::int64_t amount;
};

std::string encode(const Entry& entry, std::size_t padding) {
  return std::to_string(entry.from) + " " + std::to_string(entry.to) + " " + std::to_string(entry.amount) + " " +
         std::string(padding, 'p');
}

Entry decode(std::string_view text) {
  Entry entry{};
  char* end = nullptr;
  const std::string copy(text);
  entry.from = static_cast<std::uint32_t>(std::strtoul(copy.c_str(), &end, 10));
  entry.to = static_cast<std::uint32_t>(std::strtoul(end, &end, 10));
  entry.amount = std::strtoll(end, &end, 10);
  return entry;
}

std::vector<Record> read_all(Process& process, Store& store, TableId table) {
  std::vector<Record> all;
  std::string from;
  for (;;) {
    auto page = process.run(store.range(table, from, "", 1000));
    CLAVIGER_ASSERT(page.has_value());
    if (page->empty()) return all;
    from = page->back().key + '\0';
    for (Record& record : *page) all.push_back(std::move(record));
  }
}

std::string check_feed(Process& process, Store& store, const std::map<std::string, std::uint64_t>& journal) {
  std::map<std::string, std::uint64_t> fed;
  for (std::uint64_t from = 1;;) {
    auto page = process.run(store.changes(Books::kJournal, from, 1000));
    if (!page) return "the feed answers " + std::string(name_of(page.error().code));
    for (const Change& change : page->changes) fed[change.key] = change.sequence;
    if (page->changes.empty()) break;
    from = page->next_sequence;
  }
  return fed == journal ? "" : "the feed differs from the journal";
}

}  // namespace

Task<Result<Unit>> Books::open() {
  Transaction opening;
  for (std::uint32_t account = 0; account < kAccountCount; ++account) {
    opening.expect_absent(kAccounts, account_key(account));
    opening.put(kAccounts, account_key(account), as_bytes(std::to_string(kOpeningBalance)));
  }
  const auto committed = co_await store_.commit(std::move(opening));
  if (!committed && committed.error().code != Code::Conflict) co_return committed.error();
  co_return Unit{};
}

Task<void> Books::keep(std::uint64_t first_id, unsigned seed) {
  ++clerks_;
  for (std::uint64_t id = first_id; !is_stopped_;) {
    const auto done = co_await transfer(id, seed++);
    if (done) {
      on_ack_(id, done->sequence);
      ++id;
    } else if (done.error().code != Code::Conflict) {
      ++failures_;
      if (done.error().code == Code::Closed) break;
      // The outcome is open: the number is not used again.
      ++id;
    }
  }
  --clerks_;
}

Task<Result<Committed>> Books::transfer(std::uint64_t id, unsigned seed) {
  std::mt19937 random(seed);
  const auto from = static_cast<std::uint32_t>(random() % kAccountCount);
  const auto to = (from + 1 + static_cast<std::uint32_t>(random() % (kAccountCount - 1))) % kAccountCount;
  const auto amount = static_cast<std::int64_t>(random() % 20);
  const auto padding = random() % 3000;
  CLAVIGER_CO_TRY(payer, co_await store_.get(kAccounts, account_key(from)));
  CLAVIGER_CO_TRY(payee, co_await store_.get(kAccounts, account_key(to)));
  const std::int64_t payer_left = std::stoll(std::string(payer.text())) - amount;
  const std::int64_t payee_has = std::stoll(std::string(payee.text())) + amount;
  Transaction change;
  change.expect_version(kAccounts, account_key(from), payer.version());
  change.expect_version(kAccounts, account_key(to), payee.version());
  change.expect_absent(kJournal, journal_key(id));
  change.put(kAccounts, account_key(from), as_bytes(std::to_string(payer_left)));
  change.put(kAccounts, account_key(to), as_bytes(std::to_string(payee_has)));
  const Entry entry{from, to, amount};
  change.put(kJournal, journal_key(id), as_bytes(encode(entry, padding)));
  const auto committed = co_await store_.commit(std::move(change));
  co_return committed;
}

std::string audit(Process& process, Store& store, const std::map<std::uint64_t, std::uint64_t>& acknowledged) {
  std::map<std::uint64_t, Entry> by_sequence;
  std::map<std::string, std::uint64_t> journal;
  for (const Record& record : read_all(process, store, Books::kJournal)) {
    journal[record.key] = record.value.version();
    if (!by_sequence.emplace(record.value.version(), decode(record.value.text())).second) {
      return "two transfers have version " + std::to_string(record.value.version());
    }
  }
  for (const auto& [id, sequence] : acknowledged) {
    const auto found = journal.find(journal_key(id));
    if (found == journal.end()) return "transfer " + std::to_string(id) + " was acknowledged and is gone";
    if (found->second != sequence) return "transfer " + std::to_string(id) + " has another version";
  }

  std::vector<std::int64_t> balances(Books::kAccountCount, Books::kOpeningBalance);
  std::vector<std::uint64_t> versions(Books::kAccountCount, 0);
  for (const auto& [sequence, entry] : by_sequence) {
    balances[entry.from] -= entry.amount;
    balances[entry.to] += entry.amount;
    versions[entry.from] = versions[entry.to] = sequence;
  }
  const auto accounts = read_all(process, store, Books::kAccounts);
  // Killed before the accounts were opened, which is one transaction: then there is nothing at all.
  if (accounts.empty() && journal.empty() && acknowledged.empty()) return "";
  if (accounts.size() != Books::kAccountCount) return "accounts are missing";
  for (std::size_t i = 0; i < accounts.size(); ++i) {
    if (accounts[i].value.text() != std::to_string(balances[i])) return accounts[i].key + " does not balance";
    if (versions[i] != 0 && accounts[i].value.version() != versions[i]) return accounts[i].key + " has another version";
  }
  if (!by_sequence.empty() && store.latest_sequence() < by_sequence.rbegin()->first) return "the sequence went back";
  return check_feed(process, store, journal);
}

}  // namespace claviger::storage
