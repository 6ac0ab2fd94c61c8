#include "core/codec/form.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "core/codec/percent.h"
#include "core/codec/utf8.h"

namespace claviger::codec {
namespace {

// Room taken at once: a token request has 5 fields, an authorization request 10.
constexpr std::size_t kFieldsUsual = 12;

// What is in the raw text, found in one pass over it, 8 bytes a step (bench form: a per-byte test is 5x as
// slow).
struct RawText {
  bool has_control = false;  // 0x00..0x1F, 0x7F
  bool has_non_ascii = false;
};

RawText look_at(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  constexpr std::uint64_t kHighBits = 0x8080808080808080U;
  std::uint64_t high = 0;
  std::uint64_t control = 0;
  const auto look = [&](std::uint64_t eight) {
    // Adding to the low 7 bits carries into bit 7 of the same byte: from 0x20 on for the first sum, at 0x7F
    // for the second.
    const std::uint64_t low = eight & ~kHighBits;
    high |= eight;
    control |= (~(low + kOnes * 0x60) | (low + kOnes)) & ~eight;
  };
  std::size_t i = 0;
  for (; text.size() - i >= sizeof(std::uint64_t); i += sizeof(std::uint64_t)) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, text.data() + i, sizeof eight);
    look(eight);
  }
  std::uint64_t rest = kOnes * 'x';
  if (i != text.size()) std::memcpy(&rest, text.data() + i, text.size() - i);
  look(rest);
  return {(control & kHighBits) != 0, (high & kHighBits) != 0};
}

// Decodes fields; those with escapes into one buffer, taken at the first escape, large enough for all that
// can follow.
class Decoder {
 public:
  Decoder(RawText raw, SecretBytes& decoded) : raw_(raw), decoded_(&decoded) {}

  // `left` is how much text may still come, this piece included: decoding never lengthens.
  Result<std::string_view> decode(std::string_view piece, std::size_t left) {
    const bool is_escaped =
        piece.find('%') != std::string_view::npos || piece.find('+') != std::string_view::npos;
    if (is_escaped) {
      if (decoded_->empty()) *decoded_ = SecretBytes(left);
      const MutableBytes room = decoded_->reveal_for_writing().subspan(used_);
      CLAVIGER_TRY(size, percent_decode(piece, Plus::Space, room));
      used_ += size;
      piece = as_text(room.first(size));
    }
    if ((is_escaped || raw_.has_non_ascii) && !is_utf8(piece)) return Error{Code::Utf8Invalid, "form"};
    return piece;
  }

 private:
  RawText raw_;
  SecretBytes* decoded_;
  std::size_t used_ = 0;
};

}  // namespace

std::optional<std::string_view> Form::find(std::string_view name) const {
  for (const FormField& field : fields_) {
    if (field.name == name) return field.value;
  }
  return std::nullopt;
}

Result<std::string_view> Form::only(std::string_view name) const {
  if (is_duplicated(name)) return Error{Code::FormDuplicate, "form"};
  const std::optional<std::string_view> value = find(name);
  if (!value) return Error{Code::NotFound, "form"};
  return *value;
}

bool Form::is_duplicated(std::string_view name) const {
  return std::find(duplicates_.begin(), duplicates_.end(), name) != duplicates_.end();
}

Result<Form> parse_form(std::string_view text, std::size_t bytes_max) {
  if (text.size() > bytes_max) return Error{Code::TooLarge, "form"};
  const RawText raw = look_at(text);
  if (raw.has_control) return Error{Code::FormSyntax, "form"};
  Form form;
  form.fields_.reserve(kFieldsUsual);
  Decoder decoder(raw, form.decoded_);
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t left = rest.size();
    const std::string_view piece = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(piece.size() + 1, rest.size()));
    if (piece.empty()) continue;
    if (form.fields_.size() == kFormFieldsMax) return Error{Code::TooMany, "form.fields"};

    const std::size_t equals = std::min(piece.find('='), piece.size());
    CLAVIGER_TRY(name, decoder.decode(piece.substr(0, equals), left));
    CLAVIGER_TRY(value, decoder.decode(piece.substr(std::min(equals + 1, piece.size())), left));
    if (name.empty()) return Error{Code::FormSyntax, "form.name"};
    if (name.size() > kFormNameMax) return Error{Code::TooLarge, "form.name"};
    if (form.find(name) && !form.is_duplicated(name)) form.duplicates_.push_back(name);
    form.fields_.push_back({name, value});
  }
  return form;
}

}  // namespace claviger::codec
