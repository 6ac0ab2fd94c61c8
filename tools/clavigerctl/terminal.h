// The terminal: whether there is one, how wide, a question, a password without echo.
//
// Used by the main thread only.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/base/result.h"
#include "core/base/secret.h"

namespace claviger::ctl {

// Passwords have 1..1024 bytes (the identity room's rule); a longer line is refused.
inline constexpr std::size_t kPasswordBytesMax = 1024;

bool is_terminal(int descriptor);
std::size_t terminal_columns();
// On /dev/tty's behalf: standard error asks, standard input answers. "y" and "yes" are yes.
bool ask_yes_or_no(std::string_view question);
// Asks on the terminal without echo, twice. NotPermitted without a terminal, Cancelled, PasswordMismatch, Empty, TooLarge.
Result<SecretBytes> prompt_new_password(std::string_view whose);
// One line of standard input, its line end off. Empty, TooLarge, Io.
Result<SecretBytes> read_password_from_stdin();

}  // namespace claviger::ctl
