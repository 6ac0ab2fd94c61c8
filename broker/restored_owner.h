// Who owns a store that root restored: not root, whose files the daemon's user could not open.
//
// Blocking; of a process that has no threads yet.
#pragma once

#include <string>

#include "core/base/result.h"

namespace claviger::broker {

// As root only, and only of a folder that root has just made: it and its files go to whoever owns the folder that it is in, or
// if that is root, the key-encryption key's file; to nobody else when that is root's, too. Nothing in it is followed. The
// new owner's name, empty: it stays as it is. Io.
Result<std::string> give_to_owner(const std::string& directory, const std::string& key_file);

}  // namespace claviger::broker
