#include "tools/claviger-ue/journal.h"

#include <cstdio>

#include "core/codec/hex.h"
#include "core/crypto/digest.h"

namespace claviger::ue {
namespace {

void put(std::FILE* file, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), file);
  std::fputc('\n', file);
}

}  // namespace

void Journal::step(std::string_view what) {
  const auto now = std::chrono::steady_clock::now();
  const double took = std::chrono::duration<double, std::milli>(now - began_).count();
  began_ = now;
  if (is_quiet_) return;
  std::printf("%-62.*s %9.1f ms\n", static_cast<int>(what.size()), what.data(), took);
}

void Journal::detail(std::string_view text) {
  if (!is_quiet_) put(stdout, "      " + std::string(text));
}

void Journal::result(std::string_view text) { put(stdout, text); }

void Journal::complain(std::string_view text) {
  std::fflush(stdout);
  put(stderr, "claviger-ue: " + std::string(text));
}

void Journal::complain(std::string_view doing, const Error& error) {
  std::string text(doing);
  text.append(": ").append(name_of(error.code)).append(" (").append(error.where).append(")");
  // What a user can do about it.
  if (error.code == Code::AccessDenied && error.where == "sign_in.token") {
    text += ": the session has ended: claviger-ue sign-in";
  } else if (error.code == Code::SealBroken && error.where.starts_with("i_message")) {
    text += ": the message is for somebody else, or was changed on its way";
  }
  complain(text);
}

std::string fingerprint(Bytes secret) {
  constexpr std::size_t kShownBytes = 8;
  constexpr std::string_view kLabel = "claviger-ue fingerprint";
  crypto::Sha256 hash;
  hash.update(as_bytes(kLabel));
  hash.update(secret);
  std::string text;
  codec::hex_encode(Bytes(hash.finish()).first(kShownBytes), text);
  return text;
}

}  // namespace claviger::ue
