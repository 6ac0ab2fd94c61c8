// A directory of its own for one test, removed with everything in it.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

#include "core/base/assert.h"

namespace claviger::storage {

class TempDirectory {
 public:
  TempDirectory() : path_((std::filesystem::temp_directory_path() / "claviger-test-XXXXXX").string()) {
    CLAVIGER_ASSERT(::mkdtemp(path_.data()) != nullptr);
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace claviger::storage
