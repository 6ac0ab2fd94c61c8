// The fields of an application/x-www-form-urlencoded body or of a query string (WHATWG URL, RFC 6749 appendix
// B).
//
// A Form borrows the text it was parsed from, which must stay while the Form is used; fields with escapes
// stand decoded in a buffer of the Form, wiped with it, because passwords and client secrets come this way.
// One shard.
//
// Strict: "%" needs two hexadecimal digits; no NUL and no raw control character; names and values are UTF-8;
// a name is not empty. Empty pieces ("a=1&&b=2") are skipped, a piece without "=" is a field with an empty
// value.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/base/secret.h"

namespace claviger::codec {

// No request of ours has more than 25 parameters.
inline constexpr std::size_t kFormFieldsMax = 64;
// Decoded. The longest registered OAuth parameter name has 30 characters.
inline constexpr std::size_t kFormNameMax = 128;
// The whole text; callers that expect less say so.
inline constexpr std::size_t kFormBytesMax = 64 * 1024;

struct FormField {
  std::string_view name;
  std::string_view value;
};

class Form {
 public:
  const std::vector<FormField>& fields() const { return fields_; }

  // The value of the first field of that name. A parameter that must not be repeated (RFC 6749 clause 3.1:
  // nearly all) is asked for with only(), or after is_duplicated().
  std::optional<std::string_view> find(std::string_view name) const;
  // NotFound, or FormDuplicate when the name occurs more than once.
  Result<std::string_view> only(std::string_view name) const;

  bool is_duplicated(std::string_view name) const;
  // Each name that occurs more than once, once, in the order of the second occurrence.
  const std::vector<std::string_view>& duplicates() const { return duplicates_; }

 private:
  friend Result<Form> parse_form(std::string_view text, std::size_t bytes_max);

  std::vector<FormField> fields_;
  std::vector<std::string_view> duplicates_;
  SecretBytes decoded_;
};

// TooLarge (text), TooMany (fields), FormSyntax, Utf8Invalid. Duplicates are no error here: which of them may
// be redirected and which not is for the endpoint to say.
Result<Form> parse_form(std::string_view text, std::size_t bytes_max = kFormBytesMax);

}  // namespace claviger::codec
