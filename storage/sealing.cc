#include "storage/sealing.h"

#include <optional>

#include "core/crypto/aead.h"
#include "core/crypto/random.h"
#include "storage/data_key_generated.h"
#include "storage/former_keys.h"
#include "storage/record.h"

namespace claviger::storage {
namespace {

constexpr std::byte kForm{1};
constexpr std::size_t kPrefixBytes = 5;
constexpr RecordSchema kDataKeySchema{"data_keys", 1};
// A table's name and a user's identity with what stands before it; longer places go to the heap.
constexpr std::size_t kPlaceInlineMax = 1024;
static_assert(Sealer::kOverhead == kPrefixBytes + crypto::kAeadOverhead);

std::string data_key_key(std::uint32_t id) {
  std::string key(4, '\0');
  store_be(std::as_writable_bytes(std::span(key)), id);
  return key;
}

std::string data_key_place(std::uint32_t id) {
  std::string place = "data_keys";
  place += '\0';
  return place + data_key_key(id);
}

std::string encode_data_key(std::int64_t created_at, const WrappingKeys::Id& wrapping_key, std::string_view wrapped) {
  flatbuffers::FlatBufferBuilder builder;
  const auto id = builder.CreateVector(as_uchar(wrapping_key), wrapping_key.size());
  const auto sealed = builder.CreateVector(as_uchar(as_bytes(wrapped)), wrapped.size());
  builder.Finish(schema::CreateDataKey(builder, kDataKeySchema.version, created_at, id, sealed));
  return std::string(as_text(finished_bytes(builder)));
}

Result<std::uint32_t> parse_id(std::string_view key) {
  if (key.size() != 4) return Error{Code::Corrupt, "data_keys.key"};
  const auto id = load_be<std::uint32_t>(as_bytes(key));
  if (id == 0 || id > Sealer::kDataKeysMax) return Error{Code::Corrupt, "data_keys.key"};
  return id;
}

}  // namespace

// A data key with its contexts: one per shard, made by that shard when it first needs it, and one under a lock for
// every other thread.
class Sealer::DataKey {
 public:
  DataKey(std::uint32_t id, Secret<32> key, std::size_t shards) : id_(id), key_(std::move(key)), by_shard_(shards) {}

  std::uint32_t id() const { return id_; }
  const Secret<32>& secret() const { return key_; }

  template <typename Use>
  auto with_aead(Use use) -> decltype(use(std::declval<crypto::Aead&>())) {
    if (const runtime::Shard* shard = runtime::Shard::current_or_null()) {
      CLAVIGER_ASSERT(shard->index() < by_shard_.size());
      return use_slot(by_shard_[shard->index()], use);
    }
    const std::scoped_lock lock(mutex_);
    return use_slot(for_others_, use);
  }

 private:
  using Slot = std::optional<crypto::Aead>;
  template <typename Use>
  auto use_slot(Slot& slot, Use& use) -> decltype(use(*slot)) {
    if (!slot) {
      auto made = crypto::Aead::make(key_);
      if (!made) return made.error();
      slot.emplace(*std::move(made));
    }
    return use(*slot);
  }

  std::uint32_t id_;
  Secret<32> key_;
  std::vector<Slot> by_shard_;
  std::mutex mutex_;
  Slot for_others_;
};

Sealer::Sealer(SealerOptions options) : options_(std::move(options)) {}

Sealer::~Sealer() {
  for (auto& key : keys_) delete key.load(std::memory_order_relaxed);
}

std::string Sealer::place(TableId table, std::string_view key) const {
  const auto index = static_cast<std::size_t>(table);
  CLAVIGER_ASSERT(index < options_.tables.size());
  std::string place(options_.tables[index].name);
  place += '\0';
  place += key;
  return place;
}

Result<std::string> Sealer::seal(TableId table, std::string_view key, Bytes plaintext) {
  const std::uint32_t id = current_.load(std::memory_order_acquire);
  CLAVIGER_ASSERT(id != 0);
  seals_.fetch_add(1, std::memory_order_relaxed);
  std::string sealed(plaintext.size() + kOverhead, '\0');
  const MutableBytes bytes = std::as_writable_bytes(std::span(sealed));
  bytes[0] = kForm;
  store_be(bytes.subspan(1), id);
  const std::string associated = place(table, key);
  auto written = keys_[id - 1].load(std::memory_order_acquire)->with_aead([&](crypto::Aead& aead) {
    return aead.seal(as_bytes(associated), plaintext, bytes.subspan(kPrefixBytes));
  });
  if (!written) return written.error();
  CLAVIGER_ASSERT(*written == sealed.size() - kPrefixBytes);
  return sealed;
}

Result<Sealer::Part> Sealer::find(Bytes sealed) {
  if (sealed.size() < kOverhead || sealed[0] != kForm) return Error{Code::SealBroken, "seal.form"};
  const auto id = load_be<std::uint32_t>(sealed.subspan(1));
  if (id == 0 || id > kDataKeysMax) return Error{Code::SealBroken, "seal.key"};
  DataKey* key = keys_[id - 1].load(std::memory_order_acquire);
  if (key == nullptr) return Error{Code::SealBroken, "seal.key"};
  return Part{key, sealed.subspan(kPrefixBytes)};
}

Result<SecretBytes> Sealer::open(TableId table, std::string_view key, Bytes sealed) {
  if (sealed.size() < kOverhead) return Error{Code::SealBroken, "seal.form"};
  SecretBytes plaintext(sealed.size() - kOverhead);
  auto opened = open_into(table, key, sealed, plaintext.reveal_for_writing());
  if (!opened) return opened.error();
  return plaintext;
}

Result<std::size_t> Sealer::open_into(TableId table, std::string_view key, Bytes sealed, MutableBytes out) {
  CLAVIGER_TRY(part, find(sealed));
  const auto open = [&](Bytes associated) {
    return part.key->with_aead([&](crypto::Aead& aead) { return aead.open(associated, part.aead, out); });
  };
  // As place() has it, on the stack: keys are delivered without the heap.
  CLAVIGER_ASSERT(static_cast<std::size_t>(table) < options_.tables.size());
  std::array<std::byte, kPlaceInlineMax> bytes;
  const std::string_view name = options_.tables[static_cast<std::size_t>(table)].name;
  const std::size_t size = name.size() + 1 + key.size();
  if (size > bytes.size()) return open(as_bytes(place(table, key)));
  std::memcpy(bytes.data(), name.data(), name.size());
  bytes[name.size()] = std::byte{0};
  std::memcpy(bytes.data() + name.size() + 1, key.data(), key.size());
  return open(Bytes(bytes).first(size));
}

Result<Unit> Sealer::install(std::uint32_t id, Secret<32> key) {
  auto& slot = keys_[id - 1];
  if (slot.load(std::memory_order_relaxed) != nullptr) return Error{Code::Duplicate, "data_keys"};
  slot.store(new DataKey(id, std::move(key), options_.shards), std::memory_order_release);
  return Unit{};
}

Task<Result<std::unique_ptr<Sealer>>> Sealer::start(SealerOptions options) {
  auto sealer = std::make_unique<Sealer>(std::move(options));
  auto read_file = [path = sealer->options_.wrapping_key_file] { return WrappingKeys::load(path); };
  auto read = co_await runtime::offload(sealer->options_.file_pool, std::move(read_file));
  if (!read) co_return read.error();
  if (*read) sealer->wrapping_keys_ = **std::move(read);
  const bool has_file = sealer->wrapping_keys_.size() != 0;
  if (!has_file && read->error().code != Code::NotFound) co_return read->error();

  CLAVIGER_CO_TRY(count, co_await sealer->load());
  if (!has_file && sealer->options_.wrapper == nullptr) {
    // Data keys without the file that opens them: making a new one would only hide the loss.
    if (count != 0) co_return Error{Code::Unreadable, "wrapping_keys"};
    auto make_file = [path = sealer->options_.wrapping_key_file] { return WrappingKeys::create(path); };
    auto made = co_await runtime::offload(sealer->options_.file_pool, std::move(make_file));
    if (!made) co_return made.error();
    if (!*made) co_return made->error();
    sealer->wrapping_keys_ = **std::move(made);
  }
  if (count == 0) {
    CLAVIGER_CO_TRY(first, co_await sealer->make_data_key(1));
  }
  co_return Result<std::unique_ptr<Sealer>>(std::move(sealer));
}

Task<Result<std::size_t>> Sealer::load() {
  static_assert(kDataKeysMax <= kRangeMax);
  CLAVIGER_CO_TRY(records, co_await options_.store->range(options_.data_keys, "", "", kDataKeysMax));
  if (wrapping_keys_.size() == 0 && options_.wrapper == nullptr) co_return records.size();
  std::uint32_t newest = 0;
  for (const Record& record : records) {
    CLAVIGER_CO_TRY(id, parse_id(record.key));
    CLAVIGER_CO_TRY(row, FlatRecord<schema::DataKey>::open(record.value, kDataKeySchema, record.key));
    std::string wrapping_key(as_text(bytes_of(row->wrapping_key())));
    std::string wrapped(as_text(bytes_of(row->wrapped())));
    CLAVIGER_CO_TRY(key, co_await unwrap(id, std::move(wrapping_key), std::move(wrapped)));
    CLAVIGER_CO_TRY(installed, install(id, std::move(key)));
    newest = id;
  }
  current_.store(newest, std::memory_order_release);
  co_return records.size();
}

Task<Result<Unit>> Sealer::make_data_key(std::uint32_t id) {
  if (id > kDataKeysMax) co_return Error{Code::TooMany, "data_keys"};
  CLAVIGER_CO_TRY(key, crypto::random_bytes<32>());
  const Secret<32>* made = &key;
  CLAVIGER_CO_TRY(wrapped, co_await wrap(id, made));
  const std::int64_t created_at = numeric_date(runtime::Shard::current().wall());
  const std::string row = encode_data_key(created_at, newest_wrapping_key(), wrapped);
  Transaction change;
  change.expect_absent(options_.data_keys, data_key_key(id));
  change.put(options_.data_keys, data_key_key(id), as_bytes(row));
  CLAVIGER_CO_TRY(committed, co_await options_.store->commit(std::move(change)));
  // Only now: nothing is sealed under a key that a crash could still forget.
  CLAVIGER_CO_TRY(installed, install(id, std::move(key)));
  current_.store(id, std::memory_order_release);
  seals_.store(0, std::memory_order_relaxed);
  co_return Unit{};
}

Task<Result<Unit>> Sealer::rotate_data_key() {
  auto made = co_await make_data_key(current_.load(std::memory_order_acquire) + 1);
  co_return made;
}

WrappingKeys::Id Sealer::newest_wrapping_key() const {
  return options_.wrapper != nullptr ? options_.wrapper->newest() : wrapping_keys_.newest();
}

Task<Result<std::string>> Sealer::wrap(std::uint32_t id, const Secret<32>* key) {
  if (options_.wrapper == nullptr) co_return wrapping_keys_.wrap(as_bytes(data_key_place(id)), *key);
  SecretBytes bytes(key->reveal());
  auto wrapped = co_await options_.wrapper->wrap(data_key_place(id), std::move(bytes));
  co_return wrapped;
}

Task<Result<Secret<32>>> Sealer::unwrap(std::uint32_t id, std::string wrapping_key, std::string wrapped) {
  if (options_.wrapper == nullptr || !options_.wrapper->has(as_bytes(wrapping_key))) {
    co_return wrapping_keys_.unwrap(as_bytes(wrapping_key), as_bytes(data_key_place(id)), as_bytes(wrapped));
  }
  auto key = co_await options_.wrapper->unwrap(std::move(wrapping_key), data_key_place(id), std::move(wrapped));
  if (!key) co_return key.error();
  if (key->size() != 32) co_return Error{Code::SealBroken, "data_keys"};
  co_return Secret<32>(key->reveal().first<32>());
}

Task<Result<Sealer::Standing>> Sealer::standing() {
  CLAVIGER_CO_TRY(records, co_await options_.store->range(options_.data_keys, "", "", kDataKeysMax));
  const WrappingKeys::Id newest = newest_wrapping_key();
  Standing standing;
  standing.data_keys = records.size();
  standing.seals = seals_.load(std::memory_order_relaxed);
  standing.is_wrapped_outside = options_.wrapper != nullptr;
  for (const Record& record : records) {
    CLAVIGER_CO_TRY(row, FlatRecord<schema::DataKey>::open(record.value, kDataKeySchema, record.key));
    if (as_text(bytes_of(row->wrapping_key())) != as_text(newest)) ++standing.wrapped_by_former;
  }
  co_return standing;
}

// A wrapper has its next key already (the operator made it there): every data key is wrapped by that one. The file, if
// there is one from before, opens nothing any more.
Task<Result<Unit>> Sealer::rotate_wrapping_key() {
  if (options_.wrapper == nullptr) {
    auto rotated = co_await rotate_wrapping_file();
    co_return rotated;
  }
  auto wrapped = co_await wrap_again();
  co_return wrapped;
}

// 1. the file holds the old key and the new one; 2. the data keys are wrapped by the new one; 3. the old one goes.
// After a crash between the steps every row still opens, and the next rotation goes on from there.
Task<Result<Unit>> Sealer::rotate_wrapping_file() {
  WrappingKeys next = wrapping_keys_.duplicate();
  if (next.size() == 1) {
    CLAVIGER_CO_TRY(added, next.add());
  }
  // First of all: copies of the store that were made until now open with these alone.
  const std::int64_t now = numeric_date(runtime::Shard::current().wall());
  auto keep = [path = options_.wrapping_key_file, keys = wrapping_keys_.duplicate(), now] {
    return keep_former_keys(keys, path, now);
  };
  auto kept = co_await runtime::offload(options_.file_pool, std::move(keep));
  if (!kept) co_return kept.error();
  if (!*kept) co_return kept->error();
  auto write_both = [path = options_.wrapping_key_file, keys = next.duplicate()] { return keys.write(path); };
  auto both = co_await runtime::offload(options_.file_pool, std::move(write_both));
  if (!both) co_return both.error();
  if (!*both) co_return both->error();
  wrapping_keys_ = std::move(next);

  CLAVIGER_CO_TRY(wrapped, co_await wrap_again());
  WrappingKeys only_new = wrapping_keys_.duplicate();
  only_new.retire_old();
  auto write_new = [path = options_.wrapping_key_file, keys = only_new.duplicate()] { return keys.write(path); };
  auto written = co_await runtime::offload(options_.file_pool, std::move(write_new));
  if (!written) co_return written.error();
  if (!*written) co_return written->error();
  wrapping_keys_ = std::move(only_new);
  co_return Unit{};
}

Task<Result<Unit>> Sealer::wrap_again() {
  CLAVIGER_CO_TRY(records, co_await options_.store->range(options_.data_keys, "", "", kDataKeysMax));
  Transaction change;
  for (const Record& record : records) {
    CLAVIGER_CO_TRY(id, parse_id(record.key));
    CLAVIGER_CO_TRY(row, FlatRecord<schema::DataKey>::open(record.value, kDataKeySchema, record.key));
    const DataKey* key = keys_[id - 1].load(std::memory_order_acquire);
    if (key == nullptr) co_return Error{Code::Conflict, "data_keys"};
    const Secret<32>* secret = &key->secret();
    const std::int64_t created_at = row->created_at();
    CLAVIGER_CO_TRY(wrapped, co_await wrap(id, secret));
    const std::string again = encode_data_key(created_at, newest_wrapping_key(), wrapped);
    change.expect_version(options_.data_keys, record.key, record.value.version());
    change.put(options_.data_keys, record.key, as_bytes(again));
  }
  // A data key that another rotation adds meanwhile would stay under the old wrapping key.
  const auto next = static_cast<std::uint32_t>(records.size() + 1);
  change.expect_absent(options_.data_keys, data_key_key(next));
  CLAVIGER_CO_TRY(committed, co_await options_.store->commit(std::move(change)));
  co_return Unit{};
}

}  // namespace claviger::storage
