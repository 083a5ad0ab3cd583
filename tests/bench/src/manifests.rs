//! Manifests to measure with: the same bytes for the same count.

/// Pods and Deployments in turn, of two containers with eight variables each; every third is
/// hardened, every fifth is on the host's network, every seventh is privileged, and every eleventh
/// mounts a path of the host. About 1.4 kB each.
pub(crate) fn workloads(count: usize) -> String {
    (0..count).map(workload).collect()
}

/// Workloads, Services, ConfigMaps and Ingresses in turn.
pub(crate) fn mixed(count: usize) -> String {
    let manifest = |index: usize| match index % 4 {
        0 => workload(index / 4),
        1 => format!(
            "---\napiVersion: v1\nkind: Service\nmetadata:\n  name: s{index}\n  namespace: n{0}\nspec:\n  selector:\n    app: w{index}\n  ports:\n  - name: http\n    port: 80\n    targetPort: 8080\n",
            index % 50
        ),
        2 => format!(
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c{index}\n  namespace: n{0}\ndata:\n  mode: fast\n  level: \"{0}\"\n",
            index % 50
        ),
        _ => format!(
            "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: i{index}\n  namespace: n{0}\nspec:\n  rules:\n  - host: w{index}.example.com\n    http:\n      paths:\n      - path: /\n        pathType: Prefix\n        backend:\n          service:\n            name: s{index}\n            port:\n              number: 80\n",
            index % 50
        ),
    };
    (0..count).map(manifest).collect()
}

fn workload(index: usize) -> String {
    let labels = format!("app: w{index}\n{{}}team: t{}\n", index % 9);
    if index % 2 == 1 {
        let labels = labels.replace("{}", "    ");
        return format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: w{index}\n  namespace: n{}\n  labels:\n    {labels}spec:\n{}",
            index % 50,
            pod(index, "  ")
        );
    }
    let own = labels.replace("{}", "    ");
    let inner = labels.replace("{}", "        ");
    format!(
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: w{index}\n  namespace: n{}\n  labels:\n    {own}spec:\n  replicas: 2\n  selector:\n    matchLabels:\n      app: w{index}\n  template:\n    metadata:\n      labels:\n        {inner}    spec:\n{}",
        index % 50,
        pod(index, "      ")
    )
}

fn pod(index: usize, indent: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    if index.is_multiple_of(5) {
        lines.push("hostNetwork: true".to_owned());
    }
    lines.push("containers:".to_owned());
    for container in 0..2 {
        lines.extend(self::container(index, container));
    }
    lines.extend(["volumes:", "- name: tmp", "  emptyDir: {}"].map(str::to_owned));
    if index.is_multiple_of(11) {
        lines.extend(["- name: h", "  hostPath:", "    path: /var"].map(str::to_owned));
    }
    lines
        .iter()
        .map(|line| format!("{indent}{line}\n"))
        .collect()
}

fn container(index: usize, number: usize) -> Vec<String> {
    let mut lines = vec![
        format!("- name: c{number}"),
        format!("  image: registry.example.com/team/app{number}:{index}.{number}"),
        "  env:".to_owned(),
    ];
    for variable in 0..8 {
        lines.push(format!("  - name: K{variable}"));
        lines.push(format!("    value: v{variable}"));
    }
    lines.extend([
        "  ports:".to_owned(),
        format!("  - containerPort: {}", 8080 + number),
    ]);
    let resources = [
        "  resources:",
        "    requests:",
        "      cpu: 100m",
        "      memory: 64Mi",
        "    limits:",
        "      memory: 128Mi",
    ];
    lines.extend(resources.map(str::to_owned));
    let hardened = [
        "    runAsNonRoot: true",
        "    allowPrivilegeEscalation: false",
        "    capabilities:",
        "      drop:",
        "      - ALL",
        "    seccompProfile:",
        "      type: RuntimeDefault",
    ];
    let is_hardened = index.is_multiple_of(3);
    let is_privileged = index.is_multiple_of(7);
    if is_hardened || is_privileged {
        lines.push("  securityContext:".to_owned());
    }
    lines.extend(
        hardened
            .iter()
            .filter(|_| is_hardened)
            .map(|line| (*line).to_owned()),
    );
    lines.extend(is_privileged.then(|| "    privileged: true".to_owned()));
    lines
}
