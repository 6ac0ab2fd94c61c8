#include "core/codec/form.h"

#include <algorithm>

#include "core/codec/percent.h"
#include "core/codec/utf8.h"

namespace claviger::codec {
namespace {

// Where fields with escapes go: one buffer, taken at the first escape, large enough for all that can follow.
class Arena {
 public:
  explicit Arena(SecretBytes& bytes) : bytes_(&bytes) {}

  // `left` is how much text may still come, this piece included: decoding never lengthens.
  Result<std::string_view> decode(std::string_view piece, std::size_t left) {
    if (piece.find_first_of("%+") == std::string_view::npos) return piece;
    if (bytes_->empty()) *bytes_ = SecretBytes(left);
    const MutableBytes room = bytes_->reveal_for_writing().subspan(used_);
    CLAVIGER_TRY(size, percent_decode(piece, Plus::Space, room));
    used_ += size;
    return as_text(room.first(size));
  }

 private:
  SecretBytes* bytes_;
  std::size_t used_ = 0;
};

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < 0x20) || c == 0x7F; });
}

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
  if (has_control(text)) return Error{Code::FormSyntax, "form"};
  Form form;
  Arena arena(form.decoded_);
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t left = rest.size();
    const std::string_view piece = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(piece.size() + 1, rest.size()));
    if (piece.empty()) continue;
    if (form.fields_.size() == kFormFieldsMax) return Error{Code::TooMany, "form.fields"};

    const std::size_t equals = std::min(piece.find('='), piece.size());
    CLAVIGER_TRY(name, arena.decode(piece.substr(0, equals), left));
    CLAVIGER_TRY(value, arena.decode(piece.substr(std::min(equals + 1, piece.size())), left));
    if (name.empty()) return Error{Code::FormSyntax, "form.name"};
    if (name.size() > kFormNameMax) return Error{Code::TooLarge, "form.name"};
    if (!is_utf8(name) || !is_utf8(value)) return Error{Code::Utf8Invalid, "form"};
    if (form.find(name) && !form.is_duplicated(name)) form.duplicates_.push_back(name);
    form.fields_.push_back({name, value});
  }
  return form;
}

}  // namespace claviger::codec
