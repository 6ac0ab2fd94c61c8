#include "core/crypto/password_hash_text.h"

#include <charconv>

#include "core/codec/base64url.h"

namespace claviger::crypto {
namespace {

constexpr Error kFormat{Code::PasswordHashFormat, "password.hash"};

// Walks the text from left to right; a step that does not fit spoils it for good.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool take(std::string_view literal) {
    if (!rest_.starts_with(literal)) return false;
    rest_.remove_prefix(literal.size());
    return true;
  }
  // Decimal, without sign or leading zeros.
  bool take(std::uint32_t& number) {
    if (rest_.empty() || (rest_[0] == '0' && rest_.size() > 1 && rest_[1] >= '0' && rest_[1] <= '9')) return false;
    const auto [end, failure] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), number);
    if (failure != std::errc{}) return false;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return true;
  }
  // Base64 up to the next "$" or the end, into the front of `out`.
  bool take_base64(MutableBytes out, std::size_t size_min, std::size_t& size) {
    const std::string_view text = rest_.substr(0, rest_.find('$'));
    rest_.remove_prefix(text.size());
    std::array<char, codec::base64url_encoded_size(kHashTagBytesMax)> translated;
    if (text.size() > translated.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char character = text[i];
      if (character == '-' || character == '_') return false;
      translated[i] = character == '+' || character == '.' ? '-' : character == '/' ? '_' : character;
    }
    const auto decoded = codec::base64url_decode({translated.data(), text.size()}, out);
    if (!decoded || *decoded < size_min) return false;
    size = *decoded;
    return true;
  }
  bool is_at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

bool scan_parameters(Scanner& scanner, PasswordHashText& hash) {
  if (scanner.take("$argon2id$v=19$m=")) {
    hash.kind = PasswordHashKind::Argon2id;
    return scanner.take(hash.argon2.memory_kib) && scanner.take(",t=") && scanner.take(hash.argon2.passes) &&
           scanner.take(",p=") && scanner.take(hash.argon2.lanes);
  }
  if (scanner.take("$scrypt$ln=")) {
    hash.kind = PasswordHashKind::Scrypt;
    return scanner.take(hash.scrypt.log_n) && scanner.take(",r=") && scanner.take(hash.scrypt.r) &&
           scanner.take(",p=") && scanner.take(hash.scrypt.p);
  }
  if (scanner.take("$pbkdf2-sha256$")) {
    hash.kind = PasswordHashKind::Pbkdf2Sha256;
    static_cast<void>(scanner.take("i="));  // passlib leaves it out
    return scanner.take(hash.pbkdf2_iterations);
  }
  return false;
}

Result<Unit> check_cost(const PasswordHashText& hash) {
  constexpr Error kCost{Code::PasswordHashCost, "password.hash"};
  switch (hash.kind) {
    case PasswordHashKind::Argon2id:
      return check_parameters(hash.argon2);
    case PasswordHashKind::Scrypt: {
      const auto [log_n, r, p] = hash.scrypt;
      // 128 * N * r bytes (RFC 7914 clause 2, which also wants N < 2^(16 r)). The first bounds keep the
      // product within 64 bits.
      if (log_n == 0 || log_n > 24 || r == 0 || r > 64 || p == 0 || p > kHashLanesMax) return kCost;
      if (log_n >= 16 * r) return kCost;
      const std::uint64_t memory = std::uint64_t{128} * r << log_n;
      if (memory > kHashMemoryBytesMax || memory * p > kHashWorkBytesMax) return kCost;
      return Unit{};
    }
    case PasswordHashKind::Pbkdf2Sha256:
      if (hash.pbkdf2_iterations < kPbkdf2IterationsMin || hash.pbkdf2_iterations > kPbkdf2IterationsMax) return kCost;
      return Unit{};
  }
  return kCost;
}

// The base64 of PHC: standard alphabet, no padding.
void append_base64(std::string& text, Bytes bytes) {
  const std::size_t before = text.size();
  codec::base64url_encode(bytes, text);
  for (std::size_t i = before; i < text.size(); ++i) {
    if (text[i] == '-') text[i] = '+';
    if (text[i] == '_') text[i] = '/';
  }
}

}  // namespace

Result<PasswordHashText> PasswordHashText::parse(std::string_view text) {
  if (text.size() > kPasswordHashTextMax) return kFormat;
  PasswordHashText hash;
  Scanner scanner(text);
  if (!scan_parameters(scanner, hash) || !scanner.take("$") ||
      !scanner.take_base64(hash.salt_bytes, kHashSaltBytesMin, hash.salt_size) || !scanner.take("$") ||
      !scanner.take_base64(hash.tag_bytes, kHashTagBytesMin, hash.tag_size) || !scanner.is_at_end()) {
    return kFormat;
  }
  CLAVIGER_TRY(affordable, check_cost(hash));
  return hash;
}

std::string PasswordHashText::format() const {
  CLAVIGER_ASSERT(kind == PasswordHashKind::Argon2id);
  std::string text = "$argon2id$v=19$m=" + std::to_string(argon2.memory_kib) + ",t=" + std::to_string(argon2.passes) +
                     ",p=" + std::to_string(argon2.lanes) + "$";
  append_base64(text, salt());
  text += '$';
  append_base64(text, tag());
  return text;
}

}  // namespace claviger::crypto
