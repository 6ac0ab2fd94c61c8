// A Testbed whose secrets are sealed as in a broker that has started: with a wrapping key in a file of its own.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "storage/sealing.h"
#include "tests/broker/identity/testbed.h"

namespace claviger::identity {

class SealingBed : public Testbed {
 public:
  // Another engine in place of the memory one; `folder` is the bed's own.
  using MakeStore = std::function<std::unique_ptr<storage::Store>(const std::string& folder, runtime::Shards& shards,
                                                                  const Clock& clock, Logger& logger)>;
  explicit SealingBed(const MakeStore& make_store = {}) {
    std::string folder = ::testing::TempDir() + "claviger-XXXXXX";
    EXPECT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    if (make_store) own_store_ = make_store(folder, shards_, clock_, logger_);
    storage::Store& store = own_store_ ? *own_store_ : store_;
    storage::SealerOptions options;
    options.store = &store;
    options.tables = broker::table_options();
    options.data_keys = broker::tables::kDataKeys;
    options.wrapping_key_file = folder + "/key";
    options.file_pool = &work_pool_;
    options.shards = 1;
    auto started = wait(storage::Sealer::start(std::move(options)));
    EXPECT_TRUE(started.has_value());
    sealing_ = *std::move(started);
    // A context's sealer is a reference: another context takes the place of the first.
    without_sealer_ = std::move(contexts_[0]);
    contexts_[0].reset(new broker::Context{shards_[0],
                                           store,
                                           *sealing_,
                                           hash_pool_,
                                           work_pool_,
                                           keys_,
                                           publisher_,
                                           contexts_,
                                           without_sealer_->snapshot,
                                           std::make_unique<broker::Figures>(),
                                           {},
                                           {}});
    fill_context(0);
    publish();
  }
  ~SealingBed() {
    own_store_.reset();
    std::filesystem::remove_all(folder_);
  }

 protected:
  std::string folder_;
  std::unique_ptr<storage::Store> own_store_;

 private:
  std::unique_ptr<storage::Sealer> sealing_;
  std::unique_ptr<broker::Context> without_sealer_;
};

}  // namespace claviger::identity
