#include "tools/load/day/ledger.h"

#include "core/crypto/digest.h"

namespace claviger::day {

std::uint64_t mark_of(std::string_view secret) {
  const crypto::Sha256Digest digest = crypto::sha256(as_bytes(secret));
  return load_be<std::uint64_t>(digest);
}

Ledger::Ledger(const std::string& file, Monotonic start) : file_(std::fopen(file.c_str(), "we")), start_(start) {}

Ledger::~Ledger() {
  if (file_ != nullptr) std::fclose(file_);
}

void Ledger::acknowledged(Kind kind, std::size_t who, std::uint64_t mark) {
  ++entries_;
  const auto ms = std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - start_).count();
  const std::string_view name = name_of(kind);
  std::fprintf(file_, "{\"t\":%lld,\"what\":\"%.*s\",\"who\":%zu,\"mark\":\"%016llx\"}\n", static_cast<long long>(ms),
               static_cast<int>(name.size()), name.data(), who, static_cast<unsigned long long>(mark));
}

}  // namespace claviger::day
