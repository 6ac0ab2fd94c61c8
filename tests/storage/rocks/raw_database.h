// A store's directory, reached past the store: to put there what the store never would, and to break files.
#pragma once

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

namespace claviger::storage {

// Opens all families of a closed store as they are.
class RawDatabase {
 public:
  explicit RawDatabase(const std::string& directory, const rocksdb::ColumnFamilyOptions& options = {}) {
    std::vector<std::string> names;
    EXPECT_TRUE(rocksdb::DB::ListColumnFamilies({}, directory, &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const std::string& name : names) families.emplace_back(name, options);
    rocksdb::DB* opened = nullptr;
    const auto status = rocksdb::DB::Open({}, directory, families, &handles_, &opened);
    EXPECT_TRUE(status.ok()) << status.ToString();
    db_.reset(opened);
  }
  RawDatabase(const RawDatabase&) = delete;
  RawDatabase& operator=(const RawDatabase&) = delete;
  ~RawDatabase() {
    for (auto* handle : handles_) db_->DestroyColumnFamilyHandle(handle);
  }
  rocksdb::DB& db() { return *db_; }
  rocksdb::ColumnFamilyHandle* family(const std::string& name) {
    for (auto* handle : handles_) {
      if (handle->GetName() == name) return handle;
    }
    ADD_FAILURE() << "no family " << name;
    return nullptr;
  }

 private:
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
};

inline std::vector<std::string> files_of(const std::string& directory, const std::string& extension) {
  std::vector<std::string> files;
  for (const auto& file : std::filesystem::directory_iterator(directory)) {
    if (file.path().extension() == extension) files.push_back(file.path().string());
  }
  return files;
}

inline std::string read_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}
inline void write_bytes(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}
// Flips a bit wherever `text` stands in a file of that extension; how many files had it.
inline int damage(const std::string& directory, const std::string& extension, const std::string& text) {
  int damaged = 0;
  for (const std::string& path : files_of(directory, extension)) {
    std::string content = read_bytes(path);
    const auto at = content.find(text);
    if (at == std::string::npos) continue;
    content[at] = static_cast<char>(content[at] ^ 1);
    write_bytes(path, content);
    ++damaged;
  }
  return damaged;
}

}  // namespace claviger::storage
