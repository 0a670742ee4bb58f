// run: counts_before_init -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Core counts, version and instance info are answered before nrt_init; what needs the runtime is not.

#include "../guide/guide.h"

#include <nrt/nrt_version.h>

int main(void) {
    uint32_t total = 0, total_vnc = 0, visible = 0, visible_vnc = 0;
    OK(nrt_get_total_nc_count(&total));
    OK(nrt_get_total_vnc_count(&total_vnc));
    OK(nrt_get_visible_nc_count(&visible));
    OK(nrt_get_visible_vnc_count(&visible_vnc));
    CHECK(total >= 1 && total == total_vnc);
    CHECK(visible >= 1 && visible <= total && visible == visible_vnc);

    nrt_version_t version;
    memset(&version, 0xff, sizeof version);
    OK(nrt_get_version(&version, sizeof version));
    CHECK(version.rt_major == 2 && version.rt_minor >= 30);
    CHECK(strncmp(version.rt_detail, "libnrt version ", 15) == 0);
    EXPECT(NRT_FAILURE, nrt_get_version(&version, 32)); // no room for the text

    nrt_instance_info_t info;
    memset(&info, 0xff, sizeof info);
    OK(nrt_get_instance_info(&info, sizeof info));
    CHECK(info.family > NRT_INSTANCE_INF1 && info.size < NRT_INSTANCE_SIZE_UNKNOWN);
    CHECK(memchr(info.arch_name, 0, sizeof info.arch_name) && info.arch_name[0]);
    memset(&info, 0xff, sizeof info);
    OK(nrt_get_instance_info(&info, 8)); // the struct of SDK 2.27 and earlier
    CHECK(info.family != UINT32_MAX && (unsigned char)info.arch_name[0] == 0xff);

    // The gate: nothing with state works yet.
    nrt_tensor_t *tensor = NULL;
    nrta_seq_t seq;
    bool done;
    EXPECT(NRT_UNINITIALIZED, nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_DEVICE, 0, 64, "t", &tensor));
    EXPECT(NRT_UNINITIALIZED, nrta_get_sequence(0, NRTA_XU_COMPUTE, 0, &seq));
    EXPECT(NRT_UNINITIALIZED, nrta_is_completed(1, &done));
    EXPECT(NRT_UNINITIALIZED, nrta_execute_schedule(NULL, NULL, NULL, 0, NULL, NULL)); // state comes first
    nrt_close();                                                                        // harmless

    OK(nrt_init(NRT_FRAMEWORK_TYPE_NO_FW, "", ""));
    uint32_t now = 0;
    OK(nrt_get_visible_nc_count(&now));
    CHECK(now == visible);
    nrt_close();
    OK(nrt_get_visible_nc_count(&now));
    CHECK(now == visible);
    return ok();
}
